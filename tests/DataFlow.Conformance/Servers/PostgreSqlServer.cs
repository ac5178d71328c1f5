using System.Diagnostics;
using Npgsql;

namespace DataFlow.Conformance;

/// <summary>
/// One PostgreSQL for all tests of the process, started when the first one asks. Each test has a database of its own. An address in
/// <c>DATAFLOW_TEST_POSTGRESQL</c>, as an Npgsql connection string of a superuser, is used instead of a server of our own.
/// </summary>
public sealed class PostgreSqlServer : IDisposable
{
    /// <summary>The password of the superuser and of every login: never to be seen in messages.</summary>
    public const string Password = "pg-S3cret!x";

    private static readonly Lazy<Task<PostgreSqlServer>> Instance = new(SharedAsync);

    private readonly NpgsqlConnectionStringBuilder _superuser;
    private readonly string? _data;
    private PrivateServer? _process;

    private PostgreSqlServer(NpgsqlConnectionStringBuilder superuser, string? data)
    {
        _superuser = superuser;
        _data = data;
    }

    /// <summary>Where it listens.</summary>
    public int Port => _superuser.Port;

    /// <summary>Host name or address.</summary>
    public string Host => _superuser.Host!;

    /// <summary>The superuser.</summary>
    public string User => _superuser.Username!;

    /// <summary>Of the superuser, without a pool.</summary>
    public string SuperuserConnection => _superuser.ConnectionString;

    /// <summary>The server; skips or fails the test when PostgreSQL is not installed.</summary>
    public static Task<PostgreSqlServer> GetAsync()
    {
        if (Environment.GetEnvironmentVariable("DATAFLOW_TEST_POSTGRESQL") is null)
        {
            RequirePrograms();
        }

        return Instance.Value;
    }

    /// <summary>Skips or fails the test when PostgreSQL is not installed.</summary>
    private static void RequirePrograms() =>
        RequiredServer.Require("PostgreSQL", Folder(), "Install it (Debian: postgresql), or set DATAFLOW_TEST_POSTGRESQL.");

    /// <summary>A server for one test, which may stop it and start it again. Dispose it.</summary>
    public static Task<PostgreSqlServer> StartOwnAsync()
    {
        RequirePrograms();
        return StartAsync();
    }

    /// <summary>A second server that follows this one, and is only read from. Dispose it.</summary>
    public async Task<PostgreSqlServer> StartStandbyAsync()
    {
        var data = Path.Combine(Path.GetTempPath(), $"dataflow-postgresql-{Guid.NewGuid():N}");
        var standby = new PostgreSqlServer(Superuser(TcpFaultProxy.UnusedPort()), data);
        standby._process = Launch(
            data,
            standby.Port,
            $"PGPASSWORD='{Password}' '{Programs()}/pg_basebackup' -h {Host} -p {Port} -U {User} -D \"$DATA\" -R -X stream -c fast --no-sync");
        await standby._process.WaitAsync(async () => await (await standby.OpenAsync("postgres")).DisposeAsync());
        return standby;
    }

    /// <summary>Waits until a standby shows everything that its primary has committed by now.</summary>
    public async Task CatchUpAsync(PostgreSqlServer primary)
    {
        var end = await ScalarAsync(primary, "SELECT pg_current_wal_insert_lsn()::text");
        await Eventually.IsAsync(async () =>
        {
            var replayed = await ScalarAsync(this, $"SELECT (pg_last_wal_replay_lsn() >= '{end}')::text || ' at ' || pg_last_wal_replay_lsn()");
            return (replayed.StartsWith("true", StringComparison.Ordinal), $"{replayed}, of {end}");
        });

        static async Task<string> ScalarAsync(PostgreSqlServer server, string sql)
        {
            await using var connection = await server.OpenAsync("postgres");
            await using var command = new NpgsqlCommand(sql, connection);
            return (string)(await command.ExecuteScalarAsync())!;
        }
    }

    /// <summary>Ends a server of our own as a crash does: nobody is told, and it recovers from its log when it is started again.</summary>
    public void Stop()
    {
        _process?.StopAndKeep();
        _process = null;
    }

    /// <summary>Starts it on the same data and port.</summary>
    public async Task StartAgainAsync()
    {
        _process = Launch(_data ?? throw new InvalidOperationException("A server that is not ours is not started."), Port);
        await _process.WaitAsync(async () => await (await OpenAsync("postgres")).DisposeAsync());
    }

    /// <summary>Ends every session in the middle of what it does and starts the server again.</summary>
    public Task RestartAsync()
    {
        Stop();
        return StartAgainAsync();
    }

    /// <summary>Ends a server of our own and removes its data.</summary>
    public void Dispose()
    {
        _process?.Dispose();
        _process = null;
        if (Directory.Exists(_data))
        {
            // It was stopped and not started again.
            Directory.Delete(_data, recursive: true);
        }
    }

    /// <summary>Makes a database for one test.</summary>
    public async Task<PostgreSqlDatabase> CreateDatabaseAsync()
    {
        var name = $"t{Guid.NewGuid():N}";
        await using var connection = await OpenAsync("postgres");
        await using var command = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await command.ExecuteNonQueryAsync();
        return new PostgreSqlDatabase(this, name);
    }

    /// <summary>Runs one of PostgreSQL's own programs on a database.</summary>
    public static async Task RunProgramAsync(string name, PostgreSqlDatabase database, params string[] arguments)
    {
        RequirePrograms();
        var address = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var start = new ProcessStartInfo(Path.Combine(Programs(), name), arguments) { RedirectStandardError = true };
        start.Environment["PGHOST"] = address.Host;
        start.Environment["PGPORT"] = address.Port.ToString();
        start.Environment["PGUSER"] = address.Username;
        start.Environment["PGPASSWORD"] = address.Password;
        start.Environment["PGDATABASE"] = address.Database;
        using var process = Process.Start(start)!;
        var said = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{name} ended with {process.ExitCode}: {said}");
    }

    internal string ConnectionString(string database) =>
        new NpgsqlConnectionStringBuilder(_superuser.ConnectionString) { Database = database }.ConnectionString;

    internal async Task<NpgsqlConnection> OpenAsync(string database)
    {
        var connection = new NpgsqlConnection(ConnectionString(database));
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>Starts the server's process on a folder for data, and makes the data when it isn't there.</summary>
    private static PrivateServer Launch(string data, int port, string? prepare = null) => PrivateServer.Start(
        "postgresql",
        data,
        prepare ?? $"echo '{Password}' > password && '{Programs()}/initdb' -D \"$DATA\" -U postgres -A scram-sha-256 --pwfile=password -E UTF8 --locale=C.UTF-8 --no-sync",
        $"'{Programs()}/postgres' -D \"$DATA\" -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c wal_level=logical "
            + "-c max_prepared_transactions=20 -c max_replication_slots=30 -c max_wal_senders=30 -c max_connections=200 -c log_min_messages=fatal");

    private static string Programs() => Path.GetDirectoryName(Path.GetFullPath(Folder()!))!;

    /// <summary>The superuser of a server that was launched.</summary>
    private static NpgsqlConnectionStringBuilder Superuser(int port) => new()
    {
        Host = "127.0.0.1",
        Port = port,
        Username = "postgres",
        Password = Password,
        Database = "postgres",
        Pooling = false,
    };

    private static string? Folder() => RequiredServer.FindProgram(
        "initdb", Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")) : []);

    private static async Task<PostgreSqlServer> SharedAsync()
    {
        if (Environment.GetEnvironmentVariable("DATAFLOW_TEST_POSTGRESQL") is { Length: > 0 } address)
        {
            return new PostgreSqlServer(new NpgsqlConnectionStringBuilder(address), data: null);
        }

        var server = await StartAsync();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.Dispose();
        return server;
    }

    private static async Task<PostgreSqlServer> StartAsync()
    {
        var data = Path.Combine(Path.GetTempPath(), $"dataflow-postgresql-{Guid.NewGuid():N}");
        var started = new PostgreSqlServer(Superuser(TcpFaultProxy.UnusedPort()), data);
        await started.StartAgainAsync();
        return started;
    }
}

/// <summary>A database for one test; dropped with everybody who is still connected.</summary>
public sealed class PostgreSqlDatabase(PostgreSqlServer server, string name) : IAsyncDisposable
{
    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>As the guide writes it.</summary>
    public string JdbcUrl => $"jdbc:postgresql://{server.Host}:{server.Port}/{name}";

    /// <summary>For Npgsql.</summary>
    public string ConnectionString => server.ConnectionString(name);

    /// <summary>For Npgsql, with a pool, as programs use it.</summary>
    public string PooledConnectionString => new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = true }.ConnectionString;

    /// <summary>An open connection of the superuser, not pooled.</summary>
    public Task<NpgsqlConnection> OpenAsync() => server.OpenAsync(name);

    /// <summary>Runs statements.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 300 };
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The rows of a query, each as its values' text with <c>|</c> between.</summary>
    public async Task<IReadOnlyList<string>> RowsAsync(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { AllResultTypesAreUnknown = true, CommandTimeout = 300 };
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(column => reader.IsDBNull(column) ? "<null>" : reader.GetString(column))));
        }

        return rows;
    }

    /// <summary>Drops it, and ends the sessions that are left in pools. The pools of tests that run beside this one are left alone.</summary>
    public async ValueTask DisposeAsync()
    {
        await using var connection = await server.OpenAsync("postgres");
        await using var slots = new NpgsqlCommand(
            $"SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = '{name}' AND active_pid IS NOT NULL", connection);
        await slots.ExecuteNonQueryAsync();
        await using var drop = new NpgsqlCommand($"DROP DATABASE IF EXISTS {name} WITH (FORCE)", connection);
        for (var tries = 0; ; tries++)
        {
            try
            {
                await using var release = new NpgsqlCommand(
                    $"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '{name}' AND NOT active", connection);
                await release.ExecuteNonQueryAsync();
                await drop.ExecuteNonQueryAsync();
                return;
            }
            catch (PostgresException) when (tries < 100)
            {
                // A slot is active until its walsender has noticed.
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            }
        }
    }
}
