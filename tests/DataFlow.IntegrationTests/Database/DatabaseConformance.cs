using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Database;

public sealed class PostgreSqlSourceConformance : SourceConformance<PostgreSqlSourceFixture>;

public sealed class PostgreSqlSinkConformance : SinkConformance<PostgreSqlSinkFixture>;

public sealed class MariaDbSourceConformance : SourceConformance<MariaDbSourceFixture>;

public sealed class MariaDbSinkConformance : SinkConformance<MariaDbSinkFixture>;

public sealed class MySql8SourceConformance : SourceConformance<MySql8SourceFixture>;

public sealed class MySql8SinkConformance : SinkConformance<MySql8SinkFixture>;

public sealed class SqlServerSourceConformance : SourceConformance<SqlServerSourceFixture>;

public sealed class SqlServerSinkConformance : SinkConformance<SqlServerSinkFixture>;

public sealed class PostgreSqlSourceFixture() : DatabaseSourceFixture("postgresql");

public sealed class MariaDbSourceFixture() : DatabaseSourceFixture("mysql");

public sealed class PostgreSqlSinkFixture() : DatabaseSinkFixture("postgresql", "bigserial");

public sealed class MariaDbSinkFixture() : DatabaseSinkFixture("mysql", "bigint PRIMARY KEY AUTO_INCREMENT");

public sealed class MySql8SourceFixture() : DatabaseSourceFixture("mysql8");

public sealed class MySql8SinkFixture() : DatabaseSinkFixture("mysql8", "bigint PRIMARY KEY AUTO_INCREMENT", vendor: "mysql");

public sealed class SqlServerSourceFixture() : DatabaseSourceFixture("sqlserver", "nvarchar(100)");

public sealed class SqlServerSinkFixture() : DatabaseSinkFixture("sqlserver", "bigint IDENTITY PRIMARY KEY", "nvarchar(100)");

/// <summary>A table of a server, read by id.</summary>
public abstract class DatabaseSourceFixture(string server, string text = "text") : ISourceFixture
{
    private TestDatabase? _database;
    private int _published;

    public static string Kind => SourceType.Database;

    public static Waivers Waivers { get; } = Waivers.Of(
        ("A_malformed_record_becomes_a_dead_letter_and_the_others_go_on", "The database gives no row that can't be read."));

    public SourceConfig Config => Of(_database!.JdbcUrl, "SELECT n, text FROM numbers WHERE n > ?");

    public SourceConfig Unreachable => Of(_database!.UnreachableUrl, "SELECT n FROM numbers WHERE n > ?");

    public SourceConfig Refused => Of(_database!.JdbcUrl, "SELECT n, nonsense FROM numbers WHERE n > ?");

    public string Secret => _database!.Password;

    public async ValueTask StartAsync(CancellationToken ct)
    {
        _database = await TestDatabase.CreateAsync(server);
        await _database.ExecuteAsync($"CREATE TABLE numbers (n int PRIMARY KEY, text {text})");
    }

    public async ValueTask PublishAsync(int count, CancellationToken ct)
    {
        if (count > 0)
        {
            var rows = Enumerable.Range(_published + 1, count).Select(n => $"({n}, 'row {n}, \t\"ä\"')");
            await _database!.ExecuteAsync($"INSERT INTO numbers VALUES {string.Join(", ", rows)}");
        }

        _published += count;
    }

    public long NumberOf(DataRecord record) => record.GetInt64("n");

    public async ValueTask InterruptAsync(CancellationToken ct) => await _database!.CutAsync();

    public ValueTask DisposeAsync() => _database?.DisposeAsync() ?? ValueTask.CompletedTask;

    private SourceConfig Of(string connection, string query) => DatabaseBench.Of(
        connection, _database!.User, Secret, ("query", query), ("incremental-column", "n"), ("incremental-type", "id"));
}

/// <summary>A table of a server.</summary>
public abstract class DatabaseSinkFixture(string server, string rowNumber, string text = "text", string? vendor = null) : ISinkFixture
{
    private TestDatabase? _database;

    public static string Kind => "database";

    public SinkCapabilities Capabilities => Sink("numbers").Capabilities;

    public string Secret => _database?.Password ?? "";

    public async ValueTask StartAsync(CancellationToken ct)
    {
        _database = await TestDatabase.CreateAsync(server);
        await _database.ExecuteAsync($"CREATE TABLE numbers (place {rowNumber}, n bigint NOT NULL, text {text})");
    }

    public ISink Create() => Sink("numbers").Create();

    public void AddRefused(RecordBatch batch) => SinkRows.Add(batch, "no number", "text");

    public ISink CreateUnreachable() => Sink("numbers", _database!.UnreachableUrl).Create();

    public ISink CreateRefused() => Sink("nowhere").Create();

    public async ValueTask<IReadOnlyList<long>> ReadAsync(CancellationToken ct) =>
        [.. (await _database!.RowsAsync("SELECT n FROM numbers ORDER BY place")).Select(long.Parse)];

    public ValueTask DisposeAsync() => _database?.DisposeAsync() ?? ValueTask.CompletedTask;

    private ConfiguredSink Sink(string table, string? connection = null)
    {
        var options = $"{{ username: {_database?.User ?? "nobody"}, password: '{Secret}', table: {table} }}";
        return ConfiguredSink.Of(
            BuiltInCatalogue.Instance,
            $"{{ type: database, connection: '{connection ?? _database?.JdbcUrl ?? $"jdbc:{vendor ?? server}://nowhere"}', options: {options} }}");
    }
}
