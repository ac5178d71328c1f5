using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Database;

/// <summary>Slots, publications and tables on which somebody else depends.</summary>
public sealed class ChangeOwnershipTests : IAsyncLifetime
{
    private PostgreSqlDatabase _database = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await (await PostgreSqlServer.GetAsync()).CreateDatabaseAsync();
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, text text); CREATE TABLE other (id int PRIMARY KEY)");
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task A_slot_that_another_run_reads_from_is_left_to_it()
    {
        using var first = await BenchAsync(("slot", _database.Name));
        await first.ReadAsync();
        using var stop = new CancellationTokenSource();
        var run = first.PollAsync(stop.Token);
        await Eventually.Is(async () => run.IsCompleted || (await _database.RowsAsync("SELECT active FROM pg_replication_slots WHERE database = current_database()"))[0] == "t");
        using var second = await BenchAsync(("slot", _database.Name), ("publication", "second"));

        var failure = await second.FailureAsync();

        Assert.Contains($"The replication slot {_database.Name} is in use: a run that has just ended lets it go in a moment.", failure.Message, StringComparison.Ordinal);
        Assert.Equal(FaultOwner.External, failure.Owner);
        await _database.ExecuteAsync("INSERT INTO t VALUES (1, 'a')");
        await Eventually.Is(() => run.IsCompleted || first.Count == 1);
        await stop.CancelAsync();
        Assert.Null((await run).Error);
        Assert.Equal(["1"], first.Records.Select(record => record.Id));
    }

    [Fact]
    public async Task Pipelines_whose_names_give_the_same_slot_do_not_take_it_from_each_other()
    {
        using var first = await BenchAsync(("slot", _database.Name));
        await first.ReadAsync();
        await _database.ExecuteAsync("INSERT INTO t VALUES (1, 'a')");
        using var second = await BenchAsync(("slot", _database.Name));

        var failure = await second.FailureAsync();

        Assert.Contains($"The publication {_database.Name} is that of another pipeline, '{first.PipelineId}'.", failure.Message, StringComparison.Ordinal);
        Assert.Equal(FaultOwner.User, failure.Owner);
        Assert.Equal(["1"], (await first.ReadAsync()).Select(record => record.Id));
    }

    [Fact]
    public async Task A_publication_of_somebody_else_is_used_as_it_is_or_not_at_all()
    {
        await _database.ExecuteAsync("CREATE PUBLICATION theirs FOR TABLE other");
        using var bench = await BenchAsync(("slot", _database.Name), ("publication", "theirs"));

        var failure = await bench.FailureAsync();

        Assert.Contains("The publication theirs was not made by this pipeline and publishes other tables than t; somebody else may depend on that.", failure.Message, StringComparison.Ordinal);
        Assert.Equal(["other"], await _database.RowsAsync("SELECT tablename FROM pg_publication_tables WHERE pubname = 'theirs'"));
        await _database.ExecuteAsync("ALTER PUBLICATION theirs SET TABLE t; INSERT INTO t VALUES (1, 'a')");
        Assert.Equal(["1"], (await bench.ReadAsync()).Select(record => record.Id));
    }

    [Fact]
    public async Task Our_own_publication_is_limited_to_the_tables_again()
    {
        using var bench = await BenchAsync(("slot", _database.Name));
        await bench.ReadAsync();
        await _database.ExecuteAsync($"ALTER PUBLICATION {_database.Name} SET TABLE other");

        await bench.ReadAsync();

        Assert.Equal(["t"], await _database.RowsAsync($"SELECT tablename FROM pg_publication_tables WHERE pubname = '{_database.Name}'"));
    }

    [Theory]
    [InlineData("CREATE TABLE nameless (id int)")]
    [InlineData("CREATE TABLE nameless (id int PRIMARY KEY); ALTER TABLE nameless REPLICA IDENTITY NOTHING")]
    [InlineData("CREATE TABLE nameless (id int PRIMARY KEY DEFERRABLE)")]
    public async Task A_table_that_would_take_no_more_updates_is_not_published(string table)
    {
        await _database.ExecuteAsync($"{table}; INSERT INTO nameless VALUES (1)");
        using var bench = await BenchAsync(("slot", _database.Name), ("tables", "t,nameless"));

        var failure = await bench.FailureAsync();

        Assert.Contains("The table nameless has no primary key that names its rows in the log: as soon as its changes were published, the server would refuse every UPDATE and DELETE.", failure.Message, StringComparison.Ordinal);
        await _database.ExecuteAsync("UPDATE nameless SET id = 2");
        await _database.ExecuteAsync("ALTER TABLE nameless REPLICA IDENTITY FULL");
        Assert.Equal(["2"], (await bench.ReadAsync()).Select(record => record.Id));
        await _database.ExecuteAsync("UPDATE nameless SET id = 3");
        Assert.Equal(["2", "3"], (await bench.ReadAsync()).Select(record => record.Id));
    }

    [Fact]
    public async Task Rows_are_named_by_the_index_that_the_table_names_them_by()
    {
        await _database.ExecuteAsync(
            """
            CREATE TABLE named (id int PRIMARY KEY, code text NOT NULL, text text); CREATE UNIQUE INDEX by_code ON named (code);
            ALTER TABLE named REPLICA IDENTITY USING INDEX by_code; INSERT INTO named VALUES (1, 'a', 'x'), (2, 'b', 'y')
            """);
        using var bench = await BenchAsync(("slot", _database.Name), ("tables", "named"));
        await bench.ReadAsync();

        await _database.ExecuteAsync("UPDATE named SET text = 'z' WHERE id = 1; UPDATE named SET code = 'c' WHERE id = 1; DELETE FROM named WHERE id = 2");

        Assert.Equal(
            [(RecordOperation.Update, "a"), (RecordOperation.Delete, "a"), (RecordOperation.Update, "c"), (RecordOperation.Delete, "b")],
            (await bench.ReadAsync()).Select(record => (record.Operation, record["code"]!)));
    }

    [Fact]
    public async Task Values_in_the_log_are_those_of_the_snapshot_whatever_the_settings_of_the_server()
    {
        await _database.ExecuteAsync(
            $"""
            ALTER DATABASE {_database.Name} SET bytea_output = 'escape'; ALTER DATABASE {_database.Name} SET extra_float_digits = -5;
            ALTER DATABASE {_database.Name} SET DateStyle = 'SQL, DMY'; ALTER DATABASE {_database.Name} SET TimeZone = 'Asia/Tokyo'
            """);
        await _database.ExecuteAsync("CREATE TABLE v (id int PRIMARY KEY, raw bytea, ratio double precision, small real, day date, at timestamptz, days date[]); INSERT INTO v VALUES (1, 'abc', 0.30000000000000004, 0.1234567, '2024-02-01', '2024-02-01 10:00:00+00', '{2024-02-01}')");
        using var bench = await BenchAsync(("slot", _database.Name), ("tables", "v"));
        var snapshot = Assert.Single(await bench.ReadAsync());

        await _database.ExecuteAsync("UPDATE v SET id = id");

        var change = Assert.Single(await bench.ReadAsync());
        Assert.Equal(["1", "\\x616263", "0.30000000000000004", "0.1234567", "2024-02-01", "2024-02-01 10:00:00.0", "{2024-02-01}"], change.Data.Values);
        Assert.Equal(snapshot.Data.Values, change.Data.Values);
    }

    [Fact]
    public async Task A_slot_whose_log_the_server_has_removed_is_told_and_not_tried_for_ever()
    {
        using var server = await PostgreSqlServer.StartOwnAsync();
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, text text)");
        using var bench = new DatabaseBench(DatabaseBench.Of(
            database.JdbcUrl, server.User, PostgreSqlServer.Password, ("mode", "cdc"), ("tables", "t"), ("slot", "behind")));
        await bench.ReadAsync();
        await database.ExecuteAsync("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
        await database.ExecuteAsync("SELECT pg_reload_conf()");
        await Eventually.IsAsync(async () =>
        {
            await database.ExecuteAsync("INSERT INTO t SELECT coalesce(max(id), 0) + 1 FROM t");
            await database.ExecuteAsync("SELECT pg_switch_wal()");
            await database.ExecuteAsync("CHECKPOINT");
            var status = (await database.RowsAsync("SELECT wal_status FROM pg_replication_slots"))[0];
            return (status == "lost", status);
        });

        var failure = await bench.FailureAsync();

        Assert.Contains("The replication slot behind of", failure.Message, StringComparison.Ordinal);
        Assert.Contains("the changes since", failure.Message, StringComparison.Ordinal);
        Assert.Equal(FaultOwner.User, failure.Owner);
    }

    private async Task<DatabaseBench> BenchAsync(params (string Name, string Value)[] options) => new(await DatabaseBench.PostgreSqlAsync(
        _database, [.. new[] { ("mode", "cdc"), ("tables", "t") }.ExceptBy(options.Select(option => option.Name), option => option.Item1), .. options]));
}
