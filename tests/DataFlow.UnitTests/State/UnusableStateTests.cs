using System.Runtime.Versioning;
using DataFlow.Engine.State;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.UnitTests.State;

public sealed class UnusableStateTests : IDisposable
{
    private const UnixFileMode ReadOnlyFolder =
        UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new();

    private string Database => _folder.File("state.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_state_folder_is_made_with_everything_above_it()
    {
        await using var store = SqliteStateStore.Open(_folder.File("a/b/.dataflow"), _time);

        Assert.True(File.Exists(_folder.File("a/b/.dataflow/state.db")));
    }

    [Theory]
    [InlineData("state")]
    [InlineData("state/below")]
    public void A_state_folder_that_is_a_file_is_refused_with_its_name(string folder)
    {
        File.WriteAllText(_folder.File("state"), "x");

        var error = Refused(_folder.File(folder));

        Assert.Equal(
            $"The state folder '{_folder.File(folder)}' can't be created: '{_folder.File("state")}' is a file. " +
            "Move it away, or name another folder with --state DIR.",
            error.Message);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void A_read_only_state_folder_is_refused()
    {
        File.SetUnixFileMode(_folder.Path, ReadOnlyFolder);

        Unprivileged.Run(() =>
        {
            Assert.Equal(
                $"The state database '{Database}' can't be opened for writing (unable to open database file). " +
                "Give this user the right to write there, or name another folder with --state DIR.",
                Refused(_folder.Path).Message);
            Assert.StartsWith(
                $"The state folder '{_folder.File("below")}' can't be created: Access to the path", Refused(_folder.File("below")).Message);
            Assert.StartsWith(
                $"The lock file '{_folder.File("users.lock")}' can't be opened for writing: Access to the path",
                Assert.Throws<ConnectorException>(() => PipelineLock.Acquire(_folder.Path, "users", null, _time)).Message);
        });
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task A_state_database_in_a_folder_that_became_read_only_is_refused()
    {
        await SqliteStateStore.Open(_folder.Path, _time).DisposeAsync();
        File.SetUnixFileMode(_folder.Path, ReadOnlyFolder);

        Unprivileged.Run(() => Assert.StartsWith(
            $"The state database '{Database}' can't be opened for writing (", Refused(_folder.Path).Message));
    }

    [Fact]
    public void A_state_database_that_is_a_folder_is_refused()
    {
        Directory.CreateDirectory(Database);

        Assert.StartsWith($"The state database '{Database}' can't be opened for writing (", Refused(_folder.Path).Message);
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused_and_left_alone()
    {
        File.WriteAllText(Database, new string('x', 5000));

        Assert.Equal(
            $"The state database '{Database}' can't be used: file is not a database. Restore it from a copy. Or move it away to start " +
            "over: its positions, counters and dead letters are lost then.",
            Refused(_folder.Path).Message);
        Assert.Equal(new string('x', 5000), File.ReadAllText(Database));
    }

    [Fact]
    public async Task A_damaged_database_is_a_user_fault_with_its_path()
    {
        var store = SqliteStateStore.Open(_folder.Path, _time);
        await store.OpenRunAsync("users", "me", TestContext.Current.CancellationToken);
        await store.DisposeAsync();
        var bytes = File.ReadAllBytes(Database);
        Array.Fill(bytes, (byte)0xAB, 4096, bytes.Length - 4096);
        File.WriteAllBytes(Database, bytes);

        await using var damaged = SqliteStateStore.Open(_folder.Path, _time);
        var reading = await Assert.ThrowsAsync<ConnectorException>(
            async () => await damaged.ReadAsync("users", TestContext.Current.CancellationToken));
        var writing = await Assert.ThrowsAsync<ConnectorException>(
            async () => await damaged.OpenRunAsync("users", "me", TestContext.Current.CancellationToken));

        Assert.Equal([FaultOwner.User, FaultOwner.User], [reading.Owner, writing.Owner]);
        Assert.StartsWith($"The state database '{Database}' can't be used: database disk image is malformed.", reading.Message);
        Assert.Equal(reading.Message, writing.Message);
    }

    [Fact]
    public void The_database_of_another_program_is_refused()
    {
        Execute("create table theirs(x)");

        Assert.StartsWith(
            $"The state database '{Database}' can't be used: it is the database of another program.", Refused(_folder.Path).Message);
    }

    [Fact]
    public async Task A_database_of_a_newer_version_is_refused()
    {
        await SqliteStateStore.Open(_folder.Path, _time).DisposeAsync();
        Execute("pragma user_version = 99");

        Assert.Equal(
            $"The state database '{Database}' was written by a newer DataFlow (schema 99; this one knows up to 3). Use that version, or " +
            "name another folder with --state DIR.",
            Refused(_folder.Path).Message);
    }

    [Fact]
    public async Task An_empty_file_becomes_a_state_database()
    {
        File.WriteAllBytes(Database, []);

        await using var store = SqliteStateStore.Open(_folder.Path, _time);

        Assert.Empty(await store.ListAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Two_processes_may_make_the_database_at_once()
    {
        var stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => SqliteStateStore.Open(_folder.Path, _time))));

        foreach (var store in stores)
        {
            Assert.Empty(await store.ListAsync(TestContext.Current.CancellationToken));
            await store.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(5, FaultOwner.External, "is locked by another process for more than 30 seconds")]
    [InlineData(8, FaultOwner.User, "can't be opened for writing (the reason)")]
    [InlineData(10, FaultOwner.External, "failed (the reason). Check the disk")]
    [InlineData(11, FaultOwner.User, "can't be used: the reason. Restore it from a copy")]
    [InlineData(13, FaultOwner.External, "can't grow: the disk is full")]
    [InlineData(1, FaultOwner.Internal, "refused a statement (the reason)")]
    public void Each_kind_of_failure_has_its_sentence(int code, FaultOwner owner, string says)
    {
        var error = SqliteFaults.Explain("/x/state.db", new SqliteException($"SQLite Error {code}: 'the reason'.", code));

        Assert.Equal(owner, error.Owner);
        Assert.Contains("'/x/state.db'", error.Message);
        Assert.Contains(says, error.Message);
    }

    private ConnectorException Refused(string folder)
    {
        var error = Assert.Throws<ConnectorException>(() => SqliteStateStore.Open(folder, _time));
        Assert.Equal(FaultOwner.User, error.Owner);
        Assert.Equal(RetryAdvice.Never, error.Retry);
        return error;
    }

    private void Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Database};Pooling=false");
        connection.Open();
        connection.Execute(sql);
    }
}
