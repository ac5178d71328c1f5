using DataFlow.Conformance;
using DataFlow.UnitTests.Connectors;
using Microsoft.Data.Sqlite;

namespace DataFlow.UnitTests.Conformance;

public sealed class SqliteSourceConformance : SourceConformance<SqliteSourceFixture>;

public sealed class SqliteSinkConformance : SinkConformance<SqliteSinkFixture>;

/// <summary>A SQLite database in a folder of its own, read by id.</summary>
public sealed class SqliteSourceFixture : ISourceFixture
{
    private readonly TempFolder _folder = new();
    private int _published;

    public SqliteSourceFixture() => Sqlite.Execute(_folder["numbers.db"], "CREATE TABLE numbers (n INTEGER PRIMARY KEY, text TEXT)");

    public static string Kind => SourceType.Database;

    public static Waivers Waivers { get; } = Waivers.Of(
        ("A_malformed_record_becomes_a_dead_letter_and_the_others_go_on", "The database gives no row that can't be read."),
        ("Another_side_that_does_not_answer_is_an_external_fault_that_may_pass", "SQLite runs in the process; the suites with servers show it."),
        ("A_connection_that_is_cut_costs_no_record", "SQLite runs in the process; the suites with servers show it."),
        ("Its_secrets_are_in_no_message_and_no_log", "SQLite has no passwords; the suites with servers show it."));

    public SourceConfig Config => Of("SELECT n, text FROM numbers WHERE n > ?");

    public SourceConfig Refused => Of("SELECT nonsense FROM numbers WHERE n > ?");

    public ValueTask PublishAsync(int count, CancellationToken ct)
    {
        Sqlite.Execute(
            _folder["numbers.db"],
            $"WITH RECURSIVE r(n) AS (SELECT {_published + 1} WHERE {count} > 0 UNION ALL SELECT n + 1 FROM r WHERE n < {_published + count}) INSERT INTO numbers SELECT n, 'row ' || n || ', ä' FROM r");
        _published += count;
        return ValueTask.CompletedTask;
    }

    public long NumberOf(DataRecord record) => record.GetInt64("n");

    public ValueTask DisposeAsync()
    {
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private SourceConfig Of(string query) => new()
    {
        SourceType = Kind,
        ConnectionString = $"jdbc:sqlite:{_folder["numbers.db"]}",
        Options = new Dictionary<string, string> { ["query"] = query, ["incremental-column"] = "n", ["incremental-type"] = "id" },
    };
}

/// <summary>A table of a SQLite database in a folder of its own.</summary>
public sealed class SqliteSinkFixture : ISinkFixture
{
    private readonly TempFolder _folder = new();

    public SqliteSinkFixture() => Sqlite.Execute(
        _folder["numbers.db"], "CREATE TABLE numbers (place INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER NOT NULL CHECK (typeof(n) = 'integer'), text TEXT)");

    public static string Kind => "database";

    public static Waivers Waivers { get; } = Waivers.Of(
        ("A_target_that_does_not_answer_is_an_external_fault_that_may_pass", "SQLite runs in the process; the suites with servers show it."),
        ("Its_secrets_are_in_no_message_and_no_log", "SQLite has no passwords; the suites with servers show it."));

    public SinkCapabilities Capabilities => Sink("numbers").Capabilities;

    public ISink Create() => Sink("numbers").Create();

    public void AddRefused(RecordBatch batch) => SinkRows.Add(batch, "no number", "text");

    public ISink CreateRefused() => Sink("nowhere").Create();

    public ValueTask<IReadOnlyList<long>> ReadAsync(CancellationToken ct) =>
        ValueTask.FromResult<IReadOnlyList<long>>([.. Sqlite.Rows(_folder["numbers.db"], "SELECT n FROM numbers ORDER BY place").Select(long.Parse)]);

    public ValueTask DisposeAsync()
    {
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private ConfiguredSink Sink(string table) => ConfiguredSink.Of(
        BuiltInCatalogue.Instance, $"{{ type: database, connection: 'jdbc:sqlite:{_folder["numbers.db"]}', options: {{ table: {table} }} }}");
}
