using System.Data.Common;
using System.Globalization;
using DataFlow.Conformance;
using Microsoft.Data.SqlClient;
using Microsoft.Data.Sqlite;

namespace DataFlow.IntegrationTests.Database;

/// <summary>A database for one test, on whichever of the servers.</summary>
internal sealed class TestDatabase : IAsyncDisposable
{
    private readonly Func<ValueTask> _drop;

    private TestDatabase(Func<ValueTask> drop) => _drop = drop;

    public required string JdbcUrl { get; init; }

    public required string User { get; init; }

    public required string Password { get; init; }

    /// <summary>The options of a login, in one line of YAML.</summary>
    public string Login => $"username: \"{User}\", password: \"{Password}\"";

    /// <summary>A URL where nobody answers.</summary>
    public required string UnreachableUrl { get; init; }

    /// <summary>An open connection of the administrator, not pooled.</summary>
    public required Func<Task<DbConnection>> OpenAsync { get; init; }

    /// <summary>Runs statements.</summary>
    public required Func<string, Task> ExecuteAsync { get; init; }

    /// <summary>The rows of a query, each as its values' text with <c>|</c> between.</summary>
    public required Func<string, Task<IReadOnlyList<string>>> RowsAsync { get; init; }

    /// <summary>Cuts every connection to it but our own.</summary>
    public required Func<Task> CutAsync { get; init; }

    /// <param name="kind"><c>postgresql</c>, <c>mysql</c> (a MariaDB), <c>mysql8</c>, <c>sqlserver</c> or <c>sqlite</c>.</param>
    public static async Task<TestDatabase> CreateAsync(string kind) => kind switch
    {
        "mysql" => await CreateMySqlAsync(await MariaDbServer.GetAsync()),
        "mysql8" => await CreateMySqlAsync(await RealServers.MySqlAsync()),
        "sqlserver" => await CreateSqlServerAsync(await RealServers.SqlServerAsync()),
        "sqlite" => CreateSqlite(),
        _ => await CreatePostgreSqlAsync(),
    };

    public ValueTask DisposeAsync() => _drop();

    private static async Task<TestDatabase> CreatePostgreSqlAsync()
    {
        var server = await PostgreSqlServer.GetAsync();
        var database = await server.CreateDatabaseAsync();
        return new TestDatabase(database.DisposeAsync)
        {
            JdbcUrl = database.JdbcUrl,
            User = server.User,
            Password = PostgreSqlServer.Password,
            UnreachableUrl = $"jdbc:postgresql://127.0.0.1:{TcpFaultProxy.UnusedPort()}/none",
            OpenAsync = async () => await database.OpenAsync(),
            ExecuteAsync = database.ExecuteAsync,
            RowsAsync = database.RowsAsync,
            CutAsync = () => database.ExecuteAsync(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"),
        };
    }

    private static async Task<TestDatabase> CreateMySqlAsync(MariaDbServer server)
    {
        var database = await server.CreateDatabaseAsync();
        return new TestDatabase(database.DisposeAsync)
        {
            JdbcUrl = database.JdbcUrl,
            User = server.User,
            Password = server.UserPassword,
            UnreachableUrl = $"jdbc:mysql://127.0.0.1:{TcpFaultProxy.UnusedPort()}/none",
            OpenAsync = async () => await database.OpenAsync(),
            ExecuteAsync = database.ExecuteAsync,
            RowsAsync = database.RowsAsync,
            CutAsync = () => KillSessionsAsync(database),
        };
    }

    private static TestDatabase CreateSqlite()
    {
        var folder = new TemporaryFolder();
        var connectionString = $"Data Source={folder["test.db"]};Pooling=False";
        async Task<DbConnection> OpenAsync()
        {
            var connection = new SqliteConnection(connectionString);
            await connection.OpenAsync();
            return connection;
        }

        Task<IReadOnlyList<string>> RowsAsync(string sql) => ReadAsync(OpenAsync, sql);
        return new TestDatabase(() =>
        {
            folder.Dispose();
            return ValueTask.CompletedTask;
        })
        {
            JdbcUrl = $"jdbc:sqlite:{folder["test.db"]}",
            User = "",
            Password = "",
            UnreachableUrl = $"jdbc:sqlite:{folder["none/none.db"]}",
            OpenAsync = OpenAsync,
            ExecuteAsync = RowsAsync,
            RowsAsync = RowsAsync,
            CutAsync = () => Task.CompletedTask,
        };
    }

    private static async Task<TestDatabase> CreateSqlServerAsync(SqlConnectionStringBuilder administrator)
    {
        var name = $"t{Guid.NewGuid():N}";
        var server = administrator.ConnectionString;
        var own = new SqlConnectionStringBuilder(server) { InitialCatalog = name }.ConnectionString;
        Task<DbConnection> OpenAsync() => ConnectAsync(own);
        Task<IReadOnlyList<string>> RowsAsync(string sql) => ReadAsync(OpenAsync, sql);
        Task ExecuteThereAsync(string sql) => ReadAsync(() => ConnectAsync(server), sql);
        await ExecuteThereAsync($"CREATE DATABASE {name}");
        var place = administrator.DataSource.Replace("tcp:", "", StringComparison.Ordinal).Replace(',', ':');
        return new TestDatabase(async () =>
        {
            SqlConnection.ClearAllPools();
            await ExecuteThereAsync($"ALTER DATABASE {name} SET SINGLE_USER WITH ROLLBACK IMMEDIATE; DROP DATABASE {name}");
        })
        {
            JdbcUrl = $"jdbc:sqlserver://{place};databaseName={name};trustServerCertificate=true",
            User = administrator.UserID,
            Password = administrator.Password,
            UnreachableUrl = $"jdbc:sqlserver://127.0.0.1:{TcpFaultProxy.UnusedPort()};databaseName=none",
            OpenAsync = OpenAsync,
            ExecuteAsync = RowsAsync,
            RowsAsync = RowsAsync,
            CutAsync = () => ExecuteThereAsync($"ALTER DATABASE {name} SET SINGLE_USER WITH ROLLBACK IMMEDIATE; ALTER DATABASE {name} SET MULTI_USER"),
        };
    }

    private static async Task<DbConnection> ConnectAsync(string connectionString)
    {
        var connection = new SqlConnection(connectionString);
        await connection.OpenAsync();
        return connection;
    }

    private static async Task<IReadOnlyList<string>> ReadAsync(Func<Task<DbConnection>> openAsync, string sql)
    {
        await using var connection = await openAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(
                column => reader.IsDBNull(column) ? "<null>" : Convert.ToString(reader.GetValue(column), CultureInfo.InvariantCulture))));
        }

        return rows;
    }

    private static async Task KillSessionsAsync(MariaDbDatabase database)
    {
        var sessions = await database.RowsAsync(
            $"SELECT id FROM information_schema.processlist WHERE db = '{database.Name}' AND id <> CONNECTION_ID()");
        foreach (var id in sessions)
        {
            try
            {
                await database.ExecuteAsync($"KILL {id}");
            }
            catch (MySqlConnector.MySqlException)
            {
                // It has ended by itself.
            }
        }
    }
}
