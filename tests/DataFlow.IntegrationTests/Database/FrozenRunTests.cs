using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Database;

/// <summary>A run that was frozen in the middle of a transaction, and the one that takes over from it.</summary>
public sealed class FrozenRunTests
{
    [Theory]
    [InlineData("postgresql")]
    [InlineData("mysql")]
    public async Task The_locks_of_a_frozen_run_do_not_hold_up_the_run_that_takes_over(string kind)
    {
        await using var database = await TestDatabase.CreateAsync(kind);
        await database.ExecuteAsync("CREATE TABLE numbers (n int PRIMARY KEY, text text)");
        var pool = new BatchPool();
        var log = new CollectedLog();
        await using var frozen = Sink(database);
        await frozen.OpenAsync(Context(epoch: 1, pool, log), CancellationToken.None);
        await WriteAsync(frozen, pool, 1, 2, 3);

        await using var next = Sink(database);
        await next.OpenAsync(Context(epoch: 2, pool, log), CancellationToken.None);
        await WriteAsync(next, pool, 2, 3, 4);
        await next.CommitAsync(Checkpoint.None with { Generation = 1, Epoch = 2, Sequence = 1 }, CancellationToken.None);

        var refused = await Assert.ThrowsAsync<ConnectorException>(
            async () => await frozen.CommitAsync(Checkpoint.None with { Generation = 1, Epoch = 1, Sequence = 1 }, CancellationToken.None));
        Assert.NotEqual(FaultOwner.Internal, refused.Owner);
        Assert.Equal(["2", "3", "4"], await database.RowsAsync("SELECT n FROM numbers ORDER BY n"));
        Assert.Contains("An earlier run of this pipeline had left a transaction open", string.Join('\n', log.Lines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgresql")]
    [InlineData("mysql")]
    public async Task A_frozen_run_that_wakes_up_does_not_disturb_the_one_that_took_over(string kind)
    {
        await using var database = await TestDatabase.CreateAsync(kind);
        await database.ExecuteAsync("CREATE TABLE numbers (n int PRIMARY KEY, text text)");
        var pool = new BatchPool();
        var log = new CollectedLog();
        await using var next = Sink(database);
        await next.OpenAsync(Context(epoch: 2, pool, log), CancellationToken.None);
        await WriteAsync(next, pool, 1);

        await using var awake = Sink(database);
        var held = await awake.OpenAsync(Context(epoch: 1, pool, log), CancellationToken.None);
        await next.CommitAsync(Checkpoint.None with { Generation = 1, Epoch = 2, Sequence = 1 }, CancellationToken.None);

        Assert.Equal(2, held?.Epoch);
        Assert.Equal(["1"], await database.RowsAsync("SELECT n FROM numbers"));
    }

    [Theory]
    [InlineData("postgresql")]
    [InlineData("mysql")]
    public async Task A_run_that_has_ended_leaves_no_session_to_be_ended(string kind)
    {
        await using var database = await TestDatabase.CreateAsync(kind);
        await database.ExecuteAsync("CREATE TABLE numbers (n int PRIMARY KEY, text text)");
        var pool = new BatchPool();
        var log = new CollectedLog();
        await using (var ended = Sink(database))
        {
            await ended.OpenAsync(Context(epoch: 1, pool, log), CancellationToken.None);
            await WriteAsync(ended, pool, 1);
        }

        await using var next = Sink(database);
        await next.OpenAsync(Context(epoch: 2, pool, log), CancellationToken.None);

        Assert.Empty(log.Lines);
    }

    [Theory]
    [InlineData("postgresql")]
    [InlineData("mysql")]
    public async Task A_pipeline_of_the_same_name_that_writes_into_another_database_of_the_server_is_left_alone(string kind)
    {
        await using var database = await TestDatabase.CreateAsync(kind);
        await using var other = await TestDatabase.CreateAsync(kind);
        var pool = new BatchPool();
        var log = new CollectedLog();
        await database.ExecuteAsync("CREATE TABLE numbers (n int PRIMARY KEY, text text)");
        await other.ExecuteAsync("CREATE TABLE numbers (n int PRIMARY KEY, text text)");
        await using var writing = Sink(database);
        await writing.OpenAsync(Context(epoch: 1, pool, log), CancellationToken.None);
        await WriteAsync(writing, pool, 1);

        await using var namesake = Sink(other);
        await namesake.OpenAsync(Context(epoch: 1, pool, log), CancellationToken.None);
        await writing.CommitAsync(Checkpoint.None with { Generation = 1, Epoch = 1, Sequence = 1 }, CancellationToken.None);

        Assert.Equal(["1"], await database.RowsAsync("SELECT n FROM numbers"));
        Assert.Empty(log.Lines);
    }

    [Fact]
    public async Task A_pipeline_of_the_same_name_that_writes_into_another_schema_is_left_alone()
    {
        await using var database = await TestDatabase.CreateAsync("postgresql");
        await database.ExecuteAsync(
            "CREATE SCHEMA dev CREATE TABLE numbers (n int PRIMARY KEY, text text); CREATE SCHEMA prod CREATE TABLE numbers (n int PRIMARY KEY, text text)");
        var pool = new BatchPool();
        var log = new CollectedLog();
        await using var writing = Sink(database, "?currentSchema=prod");
        await writing.OpenAsync(Context(epoch: 1, pool, log), CancellationToken.None);
        await WriteAsync(writing, pool, 1);

        await using var namesake = Sink(database, "?currentSchema=dev");
        await namesake.OpenAsync(Context(epoch: 1, pool, log), CancellationToken.None);
        await writing.CommitAsync(Checkpoint.None with { Generation = 1, Epoch = 1, Sequence = 1 }, CancellationToken.None);

        Assert.Equal(["1"], await database.RowsAsync("SELECT n FROM prod.numbers"));
        Assert.Empty(log.Lines);
    }

    private static ISink Sink(TestDatabase database, string parameters = "") => ConfiguredSink.Of(
        BuiltInCatalogue.Instance,
        $"{{ type: database, connection: '{database.JdbcUrl}{parameters}', options: {{ username: {database.User}, password: '{database.Password}', table: numbers, write: upsert, key: n }} }}")
        .Create();

    private static SinkContext Context(long epoch, BatchPool pool, CollectedLog log) => new()
    {
        PipelineId = "frozen",
        Generation = 1,
        Epoch = epoch,
        StartsOver = true,
        Time = TimeProvider.System,
        Pool = pool,
        Logger = log,
    };

    private static async Task WriteAsync(ISink sink, BatchPool pool, params long[] numbers)
    {
        var batch = SinkRows.Of(pool, numbers);
        try
        {
            Assert.Empty((await sink.WriteAsync(batch, CancellationToken.None)).Refused ?? []);
        }
        finally
        {
            batch.Release();
        }
    }
}
