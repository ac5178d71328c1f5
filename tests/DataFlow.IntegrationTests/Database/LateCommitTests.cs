using System.Data.Common;

namespace DataFlow.IntegrationTests.Database;

/// <summary>Rows that are committed after others with a higher incremental value, and rows with the same value.</summary>
public sealed class LateCommitTests
{
    private static readonly TimeSpan Busy = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("DATAFLOW_SOAK") == "1" ? 180 : 30);

    // Stamps of 10 ms, so that many rows share one.
    private const string PostgreSqlEvents =
        "CREATE TABLE events (id bigserial PRIMARY KEY, created_at timestamptz(2) NOT NULL DEFAULT now(), text text); CREATE INDEX ON events (created_at)";

    private const string MariaDbEvents =
        "CREATE TABLE events (id bigint PRIMARY KEY AUTO_INCREMENT, created_at datetime(2) NOT NULL DEFAULT current_timestamp(2), text varchar(100), INDEX (created_at))";

    private static readonly (string Column, string Type, string Key)[] Modes =
        [("created_at", "timestamp", "id"), ("created_at", "timestamp", ""), ("id", "id", "")];

    public static TheoryData<string, string, string, string> ServersAndModes => new(
        from server in new[] { "postgresql", "mysql", "mysql8" } from mode in Modes select (server, mode.Column, mode.Type, mode.Key));

    [Theory]
    [MemberData(nameof(ServersAndModes))]
    public async Task A_row_that_is_committed_late_is_read(string server, string column, string type, string key)
    {
        await using var database = await CreateAsync(server);
        using var bench = Bench(database, column, type, key);
        await using var late = await database.OpenAsync();
        await using var transaction = await late.BeginTransactionAsync();
        await ExecuteAsync(late, "INSERT INTO events (text) VALUES ('late')", transaction);
        await database.ExecuteAsync("INSERT INTO events (text) VALUES ('early')");

        Assert.Equal(["early"], Texts(await bench.ReadAsync()));
        await database.ExecuteAsync("INSERT INTO events (text) VALUES ('next')");
        Assert.Equal(["next"], Texts(await bench.ReadAsync()));
        Assert.Empty(await bench.ReadAsync());
        await transaction.CommitAsync();

        Assert.Equal(["late"], Texts(await bench.ReadAsync()));
        Assert.Empty(await bench.ReadAsync());
        Assert.Equal(3, (await bench.TotalsAsync()).Read);
    }

    [Fact]
    public async Task A_prepared_transaction_is_waited_for()
    {
        await using var database = await CreateAsync("postgresql");
        using var bench = Bench(database, "created_at", "timestamp", "id");
        await using var late = await database.OpenAsync();
        var name = $"late_{Guid.NewGuid():N}";
        await ExecuteAsync(late, "BEGIN; INSERT INTO events (text) VALUES ('prepared')");
        await database.ExecuteAsync("INSERT INTO events (text) VALUES ('early')");
        Assert.Equal(["early"], Texts(await bench.ReadAsync()));
        await ExecuteAsync(late, $"PREPARE TRANSACTION '{name}'");
        for (var poll = 0; poll < 4; poll++)
        {
            await database.ExecuteAsync($"INSERT INTO events (text) VALUES ('{poll}')");
            Assert.Equal([$"{poll}"], Texts(await bench.ReadAsync()));
        }

        await ExecuteAsync(late, $"COMMIT PREPARED '{name}'");

        Assert.Equal(["prepared"], Texts(await bench.ReadAsync()));
    }

    [Theory]
    [InlineData("postgresql")]
    [InlineData("mysql")]
    [InlineData("mysql8")]
    public async Task Long_transactions_rollbacks_and_equal_timestamps_lose_and_double_nothing(string server)
    {
        await using var database = await CreateAsync(server);
        List<DatabaseBench> benches = [.. Modes.Select(mode => Bench(database, mode.Column, mode.Type, mode.Key))];

        await RunAsync(benches, database.OpenAsync, () => database.RowsAsync("SELECT id FROM events ORDER BY id"));
    }

    private static async Task RunAsync(IReadOnlyList<DatabaseBench> benches, Func<Task<DbConnection>> connect, Func<Task<IReadOnlyList<string>>> ids)
    {
        using var stopPolling = new CancellationTokenSource();
        var polls = benches.Select(bench => bench.PollAsync(stopPolling.Token)).ToList();
        var started = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => WriteAsync(writer, connect, () => TimeProvider.System.GetElapsedTime(started) < Busy)));
        await stopPolling.CancelAsync();
        foreach (var poll in polls)
        {
            Assert.Null((await poll).Error);
        }

        var expected = await ids();
        Assert.True(expected.Count > 100, $"Only {expected.Count} rows were written.");
        foreach (var bench in benches)
        {
            await bench.ReadAsync();
            Assert.Equal(expected, bench.Records.Select(record => record.Id).OrderBy(long.Parse));
            var totals = await bench.TotalsAsync();
            Assert.Equal((expected.Count, 0), (totals.Read, totals.Unaccounted));
            bench.Dispose();
        }
    }

    /// <summary>Transactions of all lengths, some of which are given up.</summary>
    private static async Task WriteAsync(int writer, Func<Task<DbConnection>> connect, Func<bool> goesOn)
    {
        var random = new Random(writer);
        await using var connection = await connect();
        for (var number = 0; goesOn(); number++)
        {
            await using var transaction = await connection.BeginTransactionAsync();
            for (var row = random.Next(1, 5); row > 0; row--)
            {
                await ExecuteAsync(connection, $"INSERT INTO events (text) VALUES ('{writer}-{number}-{row}')", transaction);
                if (random.Next(8) == 0)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, writer == 0 ? 1500 : 100)), TimeProvider.System);
                }
            }

            await (random.Next(5) == 0 ? transaction.RollbackAsync() : transaction.CommitAsync());
        }
    }

    private static async Task ExecuteAsync(DbConnection connection, string sql, DbTransaction? transaction = null)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Transaction = transaction;
        await command.ExecuteNonQueryAsync();
    }

    private static IEnumerable<string> Texts(IEnumerable<DataRecord> records) => records.Select(record => record["text"]!);

    private static async Task<TestDatabase> CreateAsync(string server)
    {
        var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync(server is "mysql" or "mysql8" ? MariaDbEvents : PostgreSqlEvents);
        return database;
    }

    private static DatabaseBench Bench(TestDatabase database, string column, string type, string key) => new(DatabaseBench.Of(
        database,
        ("query", $"SELECT id, created_at, text FROM events WHERE {column} > ?"),
        ("incremental-column", column),
        ("incremental-type", type),
        ("key", key)));
}
