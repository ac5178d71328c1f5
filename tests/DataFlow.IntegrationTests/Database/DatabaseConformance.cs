using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Database;

public sealed class PostgreSqlSourceConformance : SourceConformance<PostgreSqlSourceFixture>;

public sealed class PostgreSqlSinkConformance : SinkConformance<PostgreSqlSinkFixture>;

public sealed class MariaDbSourceConformance : SourceConformance<MariaDbSourceFixture>;

public sealed class MariaDbSinkConformance : SinkConformance<MariaDbSinkFixture>;

/// <summary>A table of a PostgreSQL database, read by id.</summary>
public sealed class PostgreSqlSourceFixture : ISourceFixture
{
    private PostgreSqlDatabase? _database;
    private PostgreSqlServer? _server;
    private int _published;

    public static string Kind => SourceType.Database;

    public static Waivers Waivers { get; } = Waivers.Of(
        ("A_malformed_record_becomes_a_dead_letter_and_the_others_go_on", "The database gives no row that can't be read."));

    public SourceConfig Config => Of(_database!.JdbcUrl, "SELECT n, text FROM numbers WHERE n > ?", Secret);

    public SourceConfig Unreachable => Of($"jdbc:postgresql://127.0.0.1:{TcpFaultProxy.UnusedPort()}/none", "SELECT n FROM numbers WHERE n > ?", Secret);

    public SourceConfig Refused => Of(_database!.JdbcUrl, "SELECT n, nonsense FROM numbers WHERE n > ?", Secret);

    public string Secret => PostgreSqlServer.Password;

    public async ValueTask StartAsync(CancellationToken ct)
    {
        _server = await PostgreSqlServer.GetAsync();
        _database = await _server.CreateDatabaseAsync();
        await _database.ExecuteAsync("CREATE TABLE numbers (n int PRIMARY KEY, text text)");
    }

    public async ValueTask PublishAsync(int count, CancellationToken ct)
    {
        await _database!.ExecuteAsync($"INSERT INTO numbers SELECT n, 'row ' || n || E', \\t\"ä\"' FROM generate_series({_published + 1}, {_published + count}) n");
        _published += count;
    }

    public long NumberOf(DataRecord record) => record.GetInt64("n");

    public async ValueTask InterruptAsync(CancellationToken ct) => await _database!.ExecuteAsync(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");

    public ValueTask DisposeAsync() => _database?.DisposeAsync() ?? ValueTask.CompletedTask;

    private SourceConfig Of(string connection, string query, string password) => DatabaseBench.Of(
        connection, _server!.User, password, ("query", query), ("incremental-column", "n"), ("incremental-type", "id"));
}

/// <summary>A table of a MariaDB database, read by id.</summary>
public sealed class MariaDbSourceFixture : ISourceFixture
{
    private MariaDbDatabase? _database;
    private MariaDbServer? _server;
    private int _published;

    public static string Kind => SourceType.Database;

    public static Waivers Waivers { get; } = Waivers.Of(
        ("A_malformed_record_becomes_a_dead_letter_and_the_others_go_on", "The database gives no row that can't be read."));

    public SourceConfig Config => Of(_database!.JdbcUrl, "SELECT n, text FROM numbers WHERE n > ?");

    public SourceConfig Unreachable => Of($"jdbc:mysql://127.0.0.1:{TcpFaultProxy.UnusedPort()}/none", "SELECT n FROM numbers WHERE n > ?");

    public SourceConfig Refused => Of(_database!.JdbcUrl, "SELECT n, nonsense FROM numbers WHERE n > ?");

    public string Secret => MariaDbServer.Password;

    public async ValueTask StartAsync(CancellationToken ct)
    {
        _server = await MariaDbServer.GetAsync();
        _database = await _server.CreateDatabaseAsync();
        await _database.ExecuteAsync("CREATE TABLE numbers (n int PRIMARY KEY, text text)");
    }

    public async ValueTask PublishAsync(int count, CancellationToken ct)
    {
        if (count > 0)
        {
            await _database!.ExecuteAsync(
                $"INSERT INTO numbers VALUES {string.Join(", ", Enumerable.Range(_published + 1, count).Select(n => $"({n}, 'row {n}, \"ä\"')"))}");
        }

        _published += count;
    }

    public long NumberOf(DataRecord record) => record.GetInt64("n");

    public async ValueTask InterruptAsync(CancellationToken ct)
    {
        foreach (var id in await _database!.RowsAsync($"SELECT id FROM information_schema.processlist WHERE db = '{_database.Name}' AND id <> CONNECTION_ID()"))
        {
            try
            {
                await _database.ExecuteAsync($"KILL {id}");
            }
            catch (MySqlConnector.MySqlException)
            {
                // It has ended by itself.
            }
        }
    }

    public ValueTask DisposeAsync() => _database?.DisposeAsync() ?? ValueTask.CompletedTask;

    private SourceConfig Of(string connection, string query) => DatabaseBench.Of(
        connection, _server!.User, Secret, ("query", query), ("incremental-column", "n"), ("incremental-type", "id"));
}

/// <summary>A table of a PostgreSQL database.</summary>
public sealed class PostgreSqlSinkFixture : ISinkFixture
{
    private PostgreSqlDatabase? _database;
    private PostgreSqlServer? _server;

    public static string Kind => "database";

    public SinkCapabilities Capabilities => Sink("numbers").Capabilities;

    public string Secret => PostgreSqlServer.Password;

    public async ValueTask StartAsync(CancellationToken ct)
    {
        _server = await PostgreSqlServer.GetAsync();
        _database = await _server.CreateDatabaseAsync();
        await _database.ExecuteAsync("CREATE TABLE numbers (place bigserial, n bigint NOT NULL, text text)");
    }

    public ISink Create() => Sink("numbers").Create();

    public void AddRefused(RecordBatch batch) => SinkRows.Add(batch, "no number", "text");

    public ISink CreateUnreachable() => Sink("numbers", $"jdbc:postgresql://127.0.0.1:{TcpFaultProxy.UnusedPort()}/none").Create();

    public ISink CreateRefused() => Sink("nowhere").Create();

    public async ValueTask<IReadOnlyList<long>> ReadAsync(CancellationToken ct) =>
        [.. (await _database!.RowsAsync("SELECT n FROM numbers ORDER BY place")).Select(long.Parse)];

    public ValueTask DisposeAsync() => _database?.DisposeAsync() ?? ValueTask.CompletedTask;

    private ConfiguredSink Sink(string table, string? connection = null) => ConfiguredSink.Of(
        BuiltInCatalogue.Instance,
        $"{{ type: database, connection: '{connection ?? _database?.JdbcUrl ?? "jdbc:postgresql:x"}', options: {{ username: {_server?.User ?? "x"}, password: '{Secret}', table: {table} }} }}");
}

/// <summary>A table of a MariaDB database.</summary>
public sealed class MariaDbSinkFixture : ISinkFixture
{
    private MariaDbDatabase? _database;
    private MariaDbServer? _server;

    public static string Kind => "database";

    public SinkCapabilities Capabilities => Sink("numbers").Capabilities;

    public string Secret => MariaDbServer.Password;

    public async ValueTask StartAsync(CancellationToken ct)
    {
        _server = await MariaDbServer.GetAsync();
        _database = await _server.CreateDatabaseAsync();
        await _database.ExecuteAsync("CREATE TABLE numbers (place bigint PRIMARY KEY AUTO_INCREMENT, n bigint NOT NULL, text text)");
    }

    public ISink Create() => Sink("numbers").Create();

    public void AddRefused(RecordBatch batch) => SinkRows.Add(batch, "no number", "text");

    public ISink CreateUnreachable() => Sink("numbers", $"jdbc:mysql://127.0.0.1:{TcpFaultProxy.UnusedPort()}/none").Create();

    public ISink CreateRefused() => Sink("nowhere").Create();

    public async ValueTask<IReadOnlyList<long>> ReadAsync(CancellationToken ct) =>
        [.. (await _database!.RowsAsync("SELECT n FROM numbers ORDER BY place")).Select(long.Parse)];

    public ValueTask DisposeAsync() => _database?.DisposeAsync() ?? ValueTask.CompletedTask;

    private ConfiguredSink Sink(string table, string? connection = null) => ConfiguredSink.Of(
        BuiltInCatalogue.Instance,
        $"{{ type: database, connection: '{connection ?? _database?.JdbcUrl ?? "jdbc:mysql://x/x"}', options: {{ username: {_server?.User ?? "x"}, password: '{Secret}', table: {table} }} }}");
}
