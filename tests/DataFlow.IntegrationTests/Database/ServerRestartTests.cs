using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Database;

/// <summary>A PostgreSQL that dies and comes back, and sessions that are cut, while rows are read and written.</summary>
public sealed class ServerRestartTests : IAsyncLifetime
{
    private const int Rows = 20_000;

    private PostgreSqlServer _server = null!;
    private PostgreSqlDatabase _database = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgreSqlServer.StartOwnAsync();
        _database = await _server.CreateDatabaseAsync();
        await _database.ExecuteAsync(
            $"""
            CREATE TABLE source (id int PRIMARY KEY, text text);
            INSERT INTO source SELECT n, repeat('x', 200) || n FROM generate_series(1, {Rows}) n
            """);
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        _server.Dispose();
    }

    [Fact]
    public async Task A_server_that_dies_while_it_is_read_costs_no_row()
    {
        using var bench = new DatabaseBench(DatabaseBench.Of(
            _database.JdbcUrl, _server.User, PostgreSqlServer.Password,
            ("query", "SELECT id, text FROM source WHERE id > ?"), ("incremental-column", "id"), ("incremental-type", "id")));
        using var stop = new CancellationTokenSource();
        var run = bench.PollAsync(stop.Token);
        await Eventually.Is(() => run.IsCompleted || bench.Count > 500);

        await _server.RestartAsync();
        await _database.ExecuteAsync($"INSERT INTO source VALUES ({Rows + 1}, 'after')");
        await Eventually.Is(() => run.IsCompleted || bench.Count > Rows);
        await stop.CancelAsync();

        Assert.Null((await run).Error);
        Assert.Equal(Enumerable.Range(1, Rows + 1).Select(id => (long)id), bench.Records.Select(record => record.GetInt64("id")).Order());
        Assert.Equal(0, (await bench.TotalsAsync()).Unaccounted);
    }

    [Fact]
    public async Task A_poll_after_a_restart_of_the_server_takes_no_connection_from_before()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
        using var bench = new DatabaseBench(DatabaseBench.Of(
            _database.JdbcUrl, _server.User, PostgreSqlServer.Password,
            ("query", "SELECT * FROM t WHERE id > ?"), ("incremental-column", "id"), ("incremental-type", "id")));
        Assert.Equal(["1"], (await bench.ReadAsync()).Select(record => record.Id));

        await _server.RestartAsync();
        await _database.ExecuteAsync("INSERT INTO t VALUES (2)");

        Assert.Equal(["2"], (await bench.ReadAsync()).Select(record => record.Id));
    }

    [Fact]
    public async Task A_server_that_dies_under_change_capture_loses_and_doubles_no_change()
    {
        await _database.ExecuteAsync("CREATE TABLE changed (id int PRIMARY KEY, version int NOT NULL); INSERT INTO changed SELECT n, 0 FROM generate_series(1, 100) n");
        using var bench = new DatabaseBench(DatabaseBench.Of(
            _database.JdbcUrl, _server.User, PostgreSqlServer.Password,
            ("mode", "cdc"), ("tables", "changed"), ("slot", _database.Name), ("heartbeat-interval", "100ms")));
        using var stop = new CancellationTokenSource();
        var run = bench.PollAsync(stop.Token);
        var id = 100;
        for (var restart = 0; restart < 2; restart++)
        {
            var before = bench.Count;
            await Eventually.Is(() => run.IsCompleted || bench.Count >= 100);
            for (var transaction = 0; transaction < 20; transaction++)
            {
                await _database.ExecuteAsync($"BEGIN; INSERT INTO changed VALUES ({++id}, 0), ({++id}, 0); UPDATE changed SET version = version + 1 WHERE id <= 10; COMMIT");
            }

            await Eventually.Is(() => run.IsCompleted || bench.Count > before);
            await _server.RestartAsync();
            await _database.ExecuteAsync($"INSERT INTO changed VALUES ({++id}, 0); DELETE FROM changed WHERE id = {id - 1}");
        }

        // 100 rows that were there; twice 20 transactions of 2 inserts and 10 updates; twice an insert and a delete.
        const int Changes = 100 + (2 * 20 * 12) + (2 * 2);
        await Eventually.Is(() => run.IsCompleted || bench.Count >= Changes);
        await stop.CancelAsync();

        Assert.Null((await run).Error);
        Assert.Equal(Changes, bench.Count);
        Assert.Equal(Changes, bench.Records.Select(record => record.DeliveryId).Distinct().Count());
        Assert.Equal(Enumerable.Range(0, 41), bench.Records.Where(record => record["id"] == "1").Select(record => int.Parse(record["version"]!)));
        var rows = new SortedDictionary<int, string>();
        foreach (var record in bench.Records)
        {
            if (record.Operation == RecordOperation.Delete)
            {
                Assert.True(rows.Remove(int.Parse(record.Id)));
            }
            else
            {
                rows[int.Parse(record.Id)] = record["version"]!;
            }
        }

        Assert.Equal(await _database.RowsAsync("SELECT id, version FROM changed ORDER BY id"), rows.Select(row => $"{row.Key}|{row.Value}"));
        Assert.Equal((Changes, 0), ((await bench.TotalsAsync()).Read, (await bench.TotalsAsync()).Unaccounted));
    }

    [Theory]
    [InlineData("insert", false)]
    [InlineData("upsert", false)]
    [InlineData("insert", true)]
    public async Task A_server_that_dies_while_it_is_written_to_has_every_row_once(string write, bool isCutOnly)
    {
        await _database.ExecuteAsync("CREATE TABLE target (id int, text text); CREATE UNIQUE INDEX ON target (id)");
        using var folder = new TemporaryFolder();
        await using (var csv = new StreamWriter(folder["rows.csv"]))
        {
            await csv.WriteLineAsync("id,text");
            for (var row = 1; row <= Rows * 10; row++)
            {
                await csv.WriteLineAsync($"{row},text of {row}");
            }
        }

        folder.Write(
            "load.yaml",
            $$"""
            name: load
            source: { type: file, connection: rows.csv, options: { format: csv }, batch-size: 500 }
            sink:
              type: database
              connection: {{_database.JdbcUrl}}
              options: { username: {{_server.User}}, password: "{{PostgreSqlServer.Password}}", table: target, write: {{write}}, key: id }
            delivery: effectively-once
            commit-interval: 100ms
            """);
        using var process = Cli.Start(folder.Path, ["run", "load.yaml"]);
        var finish = Cli.FinishAsync(process);
        while (!finish.IsCompleted && (await _database.RowsAsync("SELECT count(*) FROM target"))[0] == "0")
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }

        await (isCutOnly
            ? _database.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dataflow'")
            : _server.RestartAsync());

        var result = await finish;
        result.Succeeded();
        Assert.Contains("The connection to", result.Error, StringComparison.Ordinal);
        Assert.Equal([$"{Rows * 10}|{Rows * 10}"], await _database.RowsAsync("SELECT count(*), max(id) FROM target"));
    }
}
