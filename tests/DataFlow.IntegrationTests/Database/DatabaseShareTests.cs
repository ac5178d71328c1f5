using DataFlow.Conformance;
using DataFlow.Engine;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace DataFlow.IntegrationTests.Database;

/// <summary>What the instances of a database source read together is every row, and none twice: the database itself tells whose a row is.</summary>
public sealed class DatabaseShareTests
{
    private static readonly string[] Numbers = ["-9223372036854775808", "-9223372036854775807", .. Enumerable.Range(-40, 81).Select(number => $"{number}"), "9223372036854775807"];

    public static TheoryData<string, string, int> Keys
    {
        get
        {
            var keys = new TheoryData<string, string, int>();
            foreach (var (kind, key) in ((string, string)[])
                [("postgresql", "n"), ("postgresql", "s"), ("postgresql", "t"), ("postgresql", "d"), ("postgresql", "u"), ("mysql", "n"), ("mysql", "s"), ("mysql", "t"), ("mysql", "d"), ("mysql", "u")])
            {
                keys.Add(kind, key, 2);
                keys.Add(kind, key, 3);
                keys.Add(kind, key, 5);
            }

            return keys;
        }
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public async Task Every_row_has_one_owner_whatever_the_key_is_and_rows_without_one_too(string kind, string key, int count)
    {
        await using var database = await CreateAsync(kind);
        var pipeline = Pipeline(
            database,
            count,
            $$"""{ query: "SELECT * FROM t WHERE id > ?", incremental-column: id, incremental-type: id, key: [{{key}}], safety-lag: 0s }""");

        var shares = await ReadAllAsync(pipeline, count, "id");

        Assert.Equal(await database.RowsAsync("SELECT id FROM t ORDER BY id"), InOrder(shares));
        Assert.True(shares.Count(share => share.Count > 0) > 1, "All rows belong to one instance.");
        Assert.Subset(shares[0].ToHashSet(), (await database.RowsAsync($"SELECT id FROM t WHERE {key} IS NULL")).ToHashSet());
    }

    [Theory]
    [InlineData("postgresql", "n")]
    [InlineData("postgresql", "t")]
    [InlineData("mysql", "n")]
    [InlineData("mysql", "t")]
    public async Task A_full_load_is_shared_page_by_page(string kind, string key)
    {
        await using var database = await CreateAsync(kind);
        await database.ExecuteAsync($"DELETE FROM t WHERE {key} IS NULL");

        var shares = await ReadAllAsync(Pipeline(database, 3, $$"""{ query: "SELECT * FROM t", key: [{{key}}] }"""), 3, "id");

        Assert.Equal(await database.RowsAsync("SELECT id FROM t ORDER BY id"), InOrder(shares));
        Assert.All(shares, Assert.NotEmpty);
    }

    [Theory]
    [InlineData("postgresql")]
    [InlineData("mysql")]
    public async Task Rows_without_a_cursor_are_shared_and_named_apart(string kind)
    {
        await using var database = await CreateAsync(kind);
        await database.ExecuteAsync("CREATE TABLE late (id bigint, at bigint)");
        await database.ExecuteAsync($"INSERT INTO late VALUES {string.Join(", ", Enumerable.Range(-20, 41).Select(id => $"({id}, {(id % 2 == 0 ? "NULL" : $"{id + 100}")})"))}");
        var pipeline = Pipeline(
            database,
            3,
            """{ query: "SELECT * FROM late WHERE at > ? OR at IS NULL", incremental-column: at, incremental-type: id, null-cursor: include-first, key: [id], safety-lag: 0s }""");

        var records = new List<DataRecord>();
        for (var number = 1; number <= 3; number++)
        {
            records.AddRange(await ReadAsync(pipeline, number));
        }

        Assert.Equal(Enumerable.Range(-20, 41).Select(id => $"{id}").Order(), records.Select(record => record["id"]).Order());
        Assert.Equal(records.Count, records.Select(record => record.DeliveryId).Distinct().Count());
    }

    [Fact]
    public async Task SQLite_shares_whole_numbers_and_leaves_what_is_none_to_the_first()
    {
        using var folder = new TemporaryFolder();
        using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={folder["t.db"]};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText =
                $"CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, t TEXT); INSERT INTO t(n) VALUES {string.Join(", ", Numbers.Select(number => $"({number})"))}, (NULL), ('word'), (2.5), (x'00');";
            command.ExecuteNonQuery();
        }

        string Of(string key) => $$"""
            name: shared
            instances: 3
            source:
              type: database
              connection: jdbc:sqlite:{{folder["t.db"]}}
              options: { query: "SELECT * FROM t WHERE id > ?", incremental-column: id, incremental-type: id, key: [{{key}}] }
            sink: { type: console }
            """;

        var shares = await ReadAllAsync(Of("n"), 3, "id");

        Assert.Equal(Enumerable.Range(1, Numbers.Length + 4).Select(id => $"{id}"), InOrder(shares));
        Assert.All(shares, share => Assert.True(share.Count > 20));
        var refusal = await Assert.ThrowsAsync<ConnectorException>(() => ReadAsync(Of("t"), 1));
        Assert.Equal(
            "Instances can't share rows by the column 't', which is of type TEXT: SQLite tells whose a row is by a whole number. "
                + "Put a column of such a type first in the option key, or leave 'instances' out.",
            refusal.Message);
    }

    [Theory]
    [InlineData("postgresql", "m", "timestamp without time zone: PostgreSQL tells whose a row is by a whole number, numeric, a text or a uuid")]
    [InlineData("mysql", "m", "DATETIME: MySQL tells whose a row is by a whole number, a decimal or a text")]
    public async Task A_key_of_another_type_is_refused_with_those_that_can_be_used(string kind, string key, string said)
    {
        await using var database = await CreateAsync(kind);

        var refusal = await Assert.ThrowsAsync<ConnectorException>(
            () => ReadAsync(Pipeline(database, 2, $$"""{ query: "SELECT * FROM t", key: [{{key}}] }"""), 2));

        Assert.Contains(said, refusal.Message, StringComparison.Ordinal);
    }

    private static async Task<TestDatabase> CreateAsync(string kind)
    {
        var database = await TestDatabase.CreateAsync(kind);
        var isMySql = kind == "mysql";
        await database.ExecuteAsync(isMySql
            ? "CREATE TABLE t (id bigint PRIMARY KEY, n bigint, s smallint, t varchar(100) CHARACTER SET utf8mb4, d decimal(20,3), u bigint unsigned, m datetime)"
            : "CREATE TABLE t (id bigint PRIMARY KEY, n bigint, s smallint, t varchar(100), d numeric, u uuid, m timestamp)");
        var rows = Numbers.Select((number, index) => string.Join(", ",
            $"{index + 1}",
            number,
            $"{(index % 2 == 0 ? -index : index)}",
            $"'{(index % 3 == 0 ? "Zürich 日本" : "key ")}{index}'",
            $"{index - 40}.{(index % 4) * 25}",
            isMySql ? $"{18446744073709551615 - ((ulong)index * 7)}" : $"'00000000-0000-4000-8000-{index * 7919:D12}'",
            "'2026-01-02 03:04:05'"));
        await database.ExecuteAsync($"INSERT INTO t VALUES {string.Join(", ", rows.Select(row => $"({row})"))}");
        await database.ExecuteAsync("INSERT INTO t(id) VALUES (1000), (1001)");
        if (!isMySql)
        {
            await database.ExecuteAsync("INSERT INTO t(id, n, t, d) VALUES (1002, 1002, '', 'NaN'), (1003, 1003, ' ', 'Infinity'), (1004, 1004, 'e', 1e30)");
        }

        return database;
    }

    private static string Pipeline(TestDatabase database, int count, string options) => $$"""
        name: shared
        instances: {{count}}
        source:
          type: database
          connection: "{{database.JdbcUrl}}"
          options: {{options.Replace("{ ", $"{{ username: {database.User}, password: \"{database.Password}\", ", StringComparison.Ordinal)}}
        sink: { type: console }
        """;

    private static async Task<IReadOnlyList<IReadOnlyList<string>>> ReadAllAsync(string pipeline, int count, string field)
    {
        var shares = new List<IReadOnlyList<string>>();
        for (var number = 1; number <= count; number++)
        {
            shares.Add([.. (await ReadAsync(pipeline, number)).Select(record => record[field]!)]);
        }

        return shares;
    }

    /// <summary>What one instance reads in one run, with all ids in the order of numbers.</summary>
    private static async Task<IReadOnlyList<DataRecord>> ReadAsync(string pipeline, int number)
    {
        var definition = PipelineFile.Parse(pipeline, "/flows/shared.yaml", BuiltInCatalogue.Instance).OfInstance(number);
        var collected = new CollectedRecords();
        var store = new InMemoryStateStore(TimeProvider.System);
        var spec = definition.ToSpec() with { CreateSink = () => new CollectingSink(collected), Until = DataFlow.Until.CaughtUp, MaxAttempts = 1 };
        var outcome = await new PipelineRunner(spec, store, TimeProvider.System, NullLogger.Instance).RunAsync(default);
        return outcome.Error is null ? [.. collected.All.Select(record => record.Record)] : throw outcome.Error;
    }

    private static IEnumerable<string> InOrder(IEnumerable<IReadOnlyList<string>> shares) => shares.SelectMany(share => share).OrderBy(long.Parse);
}
