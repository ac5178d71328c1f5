using DataFlow.Conformance;
using DataFlow.Engine.State;
using Microsoft.Data.Sqlite;

namespace DataFlow.UnitTests.State;

public sealed class SqliteStateStoreTests : StateStoreConformance
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task The_state_is_there_when_the_store_is_opened_again()
    {
        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);
        await Store.DeadLetters.AppendAsync(
            Pipeline, new CommitStamp(1, 1, 1), [new RecordError(Guid.Empty, "source", "bad", "It is bad.", [1], "a", 1)], Ct);
        await CommitAsync(Next(run.Checkpoint, ("a", 1)));
        await Store.DisposeAsync();

        await using var again = Open();

        Assert.Equal([("a", 1)], OffsetsOf((await again.ReadAsync(Pipeline, Ct))!));
        Assert.Single(await again.DeadLetters.ListAsync(Pipeline, DeadLetterFilter.Open, Ct));
        Assert.Single(await again.HistoryAsync(Pipeline, 10, Ct));
    }

    [Fact]
    public async Task A_commit_is_on_the_disk_when_it_returns_so_that_a_copy_taken_at_that_moment_has_it()
    {
        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);
        await CommitAsync(Next(run.Checkpoint, ("a", 1)));

        // What a crash leaves: database and log as they are, nothing closed, no shared memory.
        using var crashed = new TemporaryFolder();
        File.Copy(_folder.File("state.db"), crashed.File("state.db"));
        File.Copy(_folder.File("state.db-wal"), crashed.File("state.db-wal"));
        await using var store = SqliteStateStore.Open(crashed.Path, Time);

        Assert.Equal([("a", 1)], OffsetsOf((await store.ReadAsync(Pipeline, Ct))!));
    }

    [Fact]
    public async Task A_commit_that_a_crash_cuts_off_is_gone_as_a_whole()
    {
        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);
        var first = Next(run.Checkpoint, ("a", 1), ("b", 1));
        await CommitAsync(first);
        var committed = new FileInfo(_folder.File("state.db-wal")).Length;
        await CommitAsync(Next(first, ("a", 2), ("b", 2)));

        using var crashed = new TemporaryFolder();
        var log = await File.ReadAllBytesAsync(_folder.File("state.db-wal"), Ct);
        for (var length = committed; length < log.Length; length += 1000)
        {
            File.Copy(_folder.File("state.db"), crashed.File("state.db"), overwrite: true);
            await File.WriteAllBytesAsync(crashed.File("state.db-wal"), log[..(int)length], Ct);
            await using var store = SqliteStateStore.Open(crashed.Path, Time);
            var state = (await store.ReadAsync(Pipeline, Ct))!;
            Assert.Equal((1, 1, 1), StampOf(state));
            Assert.Equal([("a", 1), ("b", 1)], OffsetsOf(state));
        }
    }

    [Fact]
    public async Task Reading_does_not_wait_for_a_process_that_is_writing()
    {
        await Store.OpenRunAsync(Pipeline, Owner, Ct);
        using var writer = new SqliteConnection($"Data Source={_folder.File("state.db")};Pooling=false");
        await writer.OpenAsync(Ct);
        await using var transaction = writer.BeginTransaction(deferred: false);

        Assert.NotNull(await Store.ReadAsync(Pipeline, Ct));
        Assert.NotEmpty(await Store.HistoryAsync(Pipeline, 10, Ct));
    }

    [Fact]
    public async Task A_write_waits_for_another_process_and_then_goes_through()
    {
        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);
        using var writer = new SqliteConnection($"Data Source={_folder.File("state.db")};Pooling=false");
        await writer.OpenAsync(Ct);
        var transaction = writer.BeginTransaction(deferred: false);

        var commit = CommitAsync(Next(run.Checkpoint, ("a", 1))).AsTask();
        Assert.False(commit.IsCompleted);
        await transaction.DisposeAsync();

        Assert.Equal(CommitOutcome.Committed, await commit);
    }

    [Fact]
    public async Task Writes_are_flushed_and_the_log_is_used()
    {
        await Store.OpenRunAsync(Pipeline, Owner, Ct);
        using var connection = new SqliteDatabase(_folder.File("state.db")).Open();

        Assert.Equal("wal", connection.Scalar<string>("pragma journal_mode"));
        Assert.Equal(2, connection.Scalar<long>("pragma synchronous"));
    }

    [Fact]
    public async Task A_copy_is_complete_while_another_writes_and_is_a_state_folder_of_its_own()
    {
        using var copy = new TemporaryFolder();
        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);
        var first = Next(run.Checkpoint, ("a", 1));
        await CommitAsync(first);
        using var writer = new SqliteConnection($"Data Source={_folder.File("state.db")};Pooling=false");
        await writer.OpenAsync(Ct);
        await using (writer.BeginTransaction(deferred: false))
        {
            await SqliteStateStore.BackupAsync(_folder.Path, copy.File("state.db"), Ct);
        }

        await CommitAsync(Next(first, ("a", 2)));

        Assert.Equal(["state.db"], Directory.GetFiles(copy.Path).Select(Path.GetFileName));
        await using var restored = SqliteStateStore.Open(copy.Path, Time);
        Assert.Equal([("a", 1)], OffsetsOf((await restored.ReadAsync(Pipeline, Ct))!));
        Assert.Equal(2, (await restored.OpenRunAsync(Pipeline, Owner, Ct)).Checkpoint.Epoch);
    }

    [Fact]
    public async Task A_copy_never_replaces_a_file_and_says_where_it_can_not_be_written()
    {
        await File.WriteAllTextAsync(_folder.File("there"), "precious", Ct);

        var there = await Assert.ThrowsAsync<ConnectorException>(async () => await SqliteStateStore.BackupAsync(_folder.Path, _folder.File("there"), Ct));
        var nowhere = await Assert.ThrowsAsync<ConnectorException>(async () => await SqliteStateStore.BackupAsync(_folder.Path, _folder.File("no/copy"), Ct));
        var nothing = await Assert.ThrowsAsync<ConnectorException>(async () => await SqliteStateStore.BackupAsync(_folder.File("no"), _folder.File("copy"), Ct));

        Assert.Equal($"The file '{_folder.File("there")}' is there already. Name another one, or move it away.", there.Message);
        Assert.StartsWith($"The copy '{_folder.File("no/copy")}' can't be written: ", nowhere.Message);
        Assert.StartsWith($"There is no state to copy: '{_folder.File("no/state.db")}' isn't there.", nothing.Message);
        Assert.All([there, nowhere, nothing], error => Assert.Equal(FaultOwner.User, error.Owner));
        Assert.Equal("precious", await File.ReadAllTextAsync(_folder.File("there"), Ct));
    }

    [Fact]
    public async Task A_closed_store_says_so_and_leaves_one_file()
    {
        await Store.OpenRunAsync(Pipeline, Owner, Ct);
        await Store.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await Store.OpenRunAsync(Pipeline, Owner, Ct));
        Assert.Equal(["state.db"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName));
    }

    protected override ValueTask<IStateStore> CreateStoreAsync() => new(Open());

    protected override ValueTask CleanUpAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private SqliteStateStore Open() => SqliteStateStore.Open(_folder.Path, Time);
}
