using MySqlConnector;

namespace DataFlow.Conformance;

/// <summary>
/// One MariaDB for all tests of the process, as <see cref="PostgreSqlServer"/>. An address in <c>DATAFLOW_TEST_MYSQL</c>, as a
/// MySqlConnector connection string of an administrator, is used instead of a server of our own.
/// </summary>
public sealed class MariaDbServer : IDisposable
{
    /// <summary>The password of the administrator: never to be seen in messages.</summary>
    public const string Password = "maria-S3cret!x";

    private static readonly Lazy<Task<MariaDbServer>> Instance = new(SharedAsync);

    private readonly MySqlConnectionStringBuilder _administrator;
    private readonly string? _data;
    private PrivateServer? _process;

    private MariaDbServer(MySqlConnectionStringBuilder administrator, string? data)
    {
        _administrator = administrator;
        _data = data;
    }

    /// <summary>A server that is not ours: a MySQL, say.</summary>
    /// <param name="address">A MySqlConnector connection string of an administrator.</param>
    public static MariaDbServer At(string address) => new(new MySqlConnectionStringBuilder(address) { Pooling = false, AllowLoadLocalInfile = true }, data: null);

    /// <summary>Where it listens.</summary>
    public uint Port => _administrator.Port;

    /// <summary>Host name or address.</summary>
    public string Host => _administrator.Server;

    /// <summary>The administrator.</summary>
    public string User => _administrator.UserID;

    /// <summary>The administrator's password; of a server of our own <see cref="Password"/>.</summary>
    public string UserPassword => _administrator.Password;

    /// <summary>The server; skips or fails the test when MariaDB is not installed.</summary>
    public static Task<MariaDbServer> GetAsync()
    {
        if (Environment.GetEnvironmentVariable("DATAFLOW_TEST_MYSQL") is null)
        {
            RequirePrograms();
        }

        return Instance.Value;
    }

    /// <summary>A server for tests that change its settings or <see cref="RestartAsync"/> it. Dispose it.</summary>
    public static Task<MariaDbServer> StartOwnAsync()
    {
        RequirePrograms();
        return StartAsync();
    }

    /// <summary>Ends every session in the middle of what it does and starts the server again. Settings are as at first.</summary>
    public Task RestartAsync()
    {
        _process?.StopAndKeep();
        return LaunchAsync();
    }

    /// <summary>Ends a server of our own and removes its data.</summary>
    public void Dispose()
    {
        _process?.Dispose();
        _process = null;
    }

    /// <summary>Runs statements of the administrator.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var connection = await OpenAsync("");
        await using var command = new MySqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Makes a database for one test.</summary>
    public async Task<MariaDbDatabase> CreateDatabaseAsync()
    {
        var name = $"t{Guid.NewGuid():N}"[..20];
        await using var connection = await OpenAsync("");
        await using var command = new MySqlCommand($"CREATE DATABASE {name} CHARACTER SET utf8mb4", connection);
        await command.ExecuteNonQueryAsync();
        return new MariaDbDatabase(this, name);
    }

    internal string ConnectionString(string database) =>
        new MySqlConnectionStringBuilder(_administrator.ConnectionString) { Database = database }.ConnectionString;

    internal async Task<MySqlConnection> OpenAsync(string database)
    {
        var connection = new MySqlConnection(ConnectionString(database));
        await connection.OpenAsync();
        return connection;
    }

    private static void RequirePrograms() =>
        RequiredServer.Require("MariaDB", Program("mariadbd"), "Install it (Debian: mariadb-server), or set DATAFLOW_TEST_MYSQL.");

    private static string? Program(string name) => RequiredServer.FindProgram(name, "/usr/sbin", "/usr/bin");

    private static async Task<MariaDbServer> SharedAsync()
    {
        if (Environment.GetEnvironmentVariable("DATAFLOW_TEST_MYSQL") is { Length: > 0 } address)
        {
            return At(address);
        }

        var server = await StartAsync();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.Dispose();
        return server;
    }

    private static async Task<MariaDbServer> StartAsync()
    {
        var data = Path.Combine(Path.GetTempPath(), $"dataflow-mariadb-{Guid.NewGuid():N}");
        var started = new MariaDbServer(Administrator(TcpFaultProxy.UnusedPort()), data);
        await started.LaunchAsync();
        return started;
    }

    /// <summary>The administrator of a server that was launched.</summary>
    private static MySqlConnectionStringBuilder Administrator(int port) => new()
    {
        Server = "127.0.0.1",
        Port = (uint)port,
        UserID = "root",
        Password = Password,
        Pooling = false,
        AllowLoadLocalInfile = true,
    };

    /// <summary>Starts the server's process, and makes its data when they aren't there.</summary>
    private async Task LaunchAsync()
    {
        var data = _data ?? throw new InvalidOperationException("A server that is not ours is not started.");
        _process = PrivateServer.Start(
            "mariadb",
            data,
            $"'{Program("mariadb-install-db")}' --no-defaults --datadir=\"$DATA\" --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve && "
                + $"printf \"ALTER USER root@localhost IDENTIFIED BY '{Password}';\\n\" > \"$DATA/init.sql\"",
            $"'{Program("mariadbd")}' --no-defaults --datadir=\"$DATA\" --port={Port} --bind-address=127.0.0.1 --socket=\"$DIR/socket\" "
                + "--pid-file=\"$DIR/pid\" --init-file=\"$DATA/init.sql\" --innodb-flush-log-at-trx-commit=2 --innodb-buffer-pool-size=64M --local-infile=1 --max-connections=200 --log-warnings=0");
        await _process.WaitAsync(async () => await (await OpenAsync("")).DisposeAsync());
    }
}

/// <summary>A database for one test; dropped afterwards.</summary>
public sealed class MariaDbDatabase(MariaDbServer server, string name) : IAsyncDisposable
{
    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>As the guide writes it.</summary>
    public string JdbcUrl => $"jdbc:mysql://{server.Host}:{server.Port}/{name}";

    /// <summary>An open connection of the administrator, not pooled.</summary>
    public Task<MySqlConnection> OpenAsync() => server.OpenAsync(name);

    /// <summary>Runs statements.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = new MySqlCommand(sql, connection) { CommandTimeout = 300 };
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The rows of a query, each as its values' text with <c>|</c> between.</summary>
    public async Task<IReadOnlyList<string>> RowsAsync(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = new MySqlCommand(sql, connection) { CommandTimeout = 300 };
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(
                column => reader.IsDBNull(column) ? "<null>" : Convert.ToString(reader.GetValue(column), System.Globalization.CultureInfo.InvariantCulture))));
        }

        return rows;
    }

    /// <summary>Drops it.</summary>
    public async ValueTask DisposeAsync()
    {
        MySqlConnection.ClearAllPools();
        await using var connection = await server.OpenAsync("");
        await using var command = new MySqlCommand($"DROP DATABASE IF EXISTS {name}", connection);
        await command.ExecuteNonQueryAsync();
    }
}
