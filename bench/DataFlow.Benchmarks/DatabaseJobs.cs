using System.Data.Common;
using System.Globalization;
using DataFlow.Conformance;
using Microsoft.Data.Sqlite;
using Npgsql;
using SQLitePCL;

namespace DataFlow.Benchmarks;

/// <summary>
/// Reading and writing databases, each against the fastest thing that its driver offers and against the loop that everybody writes
/// first. Starts a private PostgreSQL; what counts is the client's processor time.
/// </summary>
internal static class DatabaseJobs
{
    private const string Columns = "id bigint, name text, age int, balance numeric(12,2), active boolean, created_at timestamp, score double precision, note varchar(100)";

    public static async Task<IReadOnlyList<Job>> AllAsync(long rows, string scratch)
    {
        var server = await PostgreSqlServer.GetAsync();
        var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(
            $"CREATE TABLE people ({Columns}); CREATE TABLE target (LIKE people); INSERT INTO people SELECT n, 'Name ' || n, n % 90, n / 7.0, n % 2 = 0, "
            + $"'2024-01-01'::timestamp + n * interval '1.234567 second', n / 3.0, CASE WHEN n % 10 = 0 THEN NULL ELSE 'a note of some length, number ' || n END FROM generate_series(1, {rows}) n");
        var sqlite = Path.Combine(scratch, "people.db");
        FillSqlite(sqlite, rows);
        var login = $"username: {server.User}, password: '{PostgreSqlServer.Password}'";
        return
        [
            new Job("PostgreSQL -> null", rows,
            [
                DataFlowContender.Create("DataFlow", Yaml(database.JdbcUrl, $"{login}, query: 'SELECT * FROM people'", "{ type: \"null\" }")),
                new Contender("raw binary COPY, bytes only", InProcess: true, () => RawCopy(database.ConnectionString)),
                new Contender("DbDataReader, a dictionary per row", InProcess: true, () => Dictionaries(new NpgsqlConnection(database.ConnectionString))),
            ]),
            new Job("SQLite -> null", rows,
            [
                DataFlowContender.Create("DataFlow", Yaml($"jdbc:sqlite:{sqlite}", "query: 'SELECT * FROM people'", "{ type: \"null\" }")),
                new Contender("raw step, every column as text", InProcess: true, () => RawSteps(sqlite)),
                new Contender("DbDataReader, a dictionary per row", InProcess: true, () => Dictionaries(new SqliteConnection($"Data Source={sqlite}"))),
            ]),
            new Job("PostgreSQL -> PostgreSQL", rows,
            [
                DataFlowContender.Create("DataFlow", Yaml(database.JdbcUrl, $"{login}, query: 'SELECT * FROM people'",
                    $"{{ type: database, connection: '{database.JdbcUrl}', options: {{ {login}, table: target }} }}")),
                new Contender("COPY text out, the same bytes in", InProcess: true, () => CopyAcross(database.ConnectionString)),
            ]),
            .. await WritesAsync(rows, database, login, sqlite),
        ];
    }

    private static async Task<IEnumerable<Job>> WritesAsync(long rows, PostgreSqlDatabase postgreSql, string login, string sqlite)
    {
        await postgreSql.ExecuteAsync(
            "CREATE TABLE written (id bigint, name text, age int, balance numeric(12,2), active int, created_at timestamp, score double precision, note varchar(100))");
        var server = await MariaDbServer.GetAsync();
        var mariaDb = await server.CreateDatabaseAsync();
        await mariaDb.ExecuteAsync(
            "CREATE TABLE written (id bigint, name varchar(100), age int, balance decimal(12,2), active int, created_at datetime(6), score double, note varchar(100))");
        using var connection = new SqliteConnection($"Data Source={sqlite}");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText =
            "CREATE TABLE written (id INTEGER, name TEXT, age INTEGER, balance TEXT, active INTEGER, created_at TEXT, score REAL, note TEXT); PRAGMA journal_mode = WAL";
        await command.ExecuteNonQueryAsync();
        return DatabaseWrites.All(rows, postgreSql, login, mariaDb, $"username: {server.User}, password: '{MariaDbServer.Password}'", sqlite);
    }

    private static string Yaml(string connection, string options, string sink) => string.Create(CultureInfo.InvariantCulture, $$"""
        name: bench
        source: { type: database, connection: '{{connection}}', options: { {{options}} }, batch-size: 8192 }
        sink: {{sink}}
        until: caught-up
        workers: 1
        """);

    private static void RawCopy(string connectionString)
    {
        using var connection = new NpgsqlConnection(connectionString);
        connection.Open();
        using var copy = connection.BeginRawBinaryCopy("COPY (SELECT * FROM people) TO STDOUT (FORMAT BINARY)");
        var buffer = new byte[128 << 10];
        while (copy.Read(buffer) > 0)
        {
        }
    }

    private static void CopyAcross(string connectionString)
    {
        using var from = new NpgsqlConnection(connectionString);
        using var to = new NpgsqlConnection(connectionString);
        from.Open();
        to.Open();
        using var output = ((StreamReader)from.BeginTextExport("COPY (SELECT * FROM people) TO STDOUT")).BaseStream;
        using var writer = to.BeginTextImport("COPY target FROM STDIN");
        output.CopyTo(writer.BaseStream, 128 << 10);
    }

    /// <summary>The loop that everybody writes first.</summary>
    private static void Dictionaries(DbConnection connection)
    {
        using (connection)
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT * FROM people";
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                var row = new Dictionary<string, string>(reader.FieldCount);
                for (var column = 0; column < reader.FieldCount; column++)
                {
                    row[reader.GetName(column)] = reader.IsDBNull(column) ? "" : Convert.ToString(reader.GetValue(column), CultureInfo.InvariantCulture)!;
                }
            }
        }
    }

    private static void RawSteps(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path}");
        connection.Open();
        raw.sqlite3_prepare_v2(connection.Handle!, "SELECT * FROM people", out var statement);
        using (statement)
        {
            var buffer = new byte[64 << 10];
            while (raw.sqlite3_step(statement) == raw.SQLITE_ROW)
            {
                for (var column = 0; column < 8; column++)
                {
                    raw.sqlite3_column_blob(statement, column).CopyTo(buffer);
                }
            }
        }
    }

    private static void FillSqlite(string path, long rows)
    {
        using var connection = new SqliteConnection($"Data Source={path}");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = string.Create(CultureInfo.InvariantCulture,
            $"""
            CREATE TABLE people (id INTEGER, name TEXT, age INTEGER, balance TEXT, active INTEGER, created_at TEXT, score REAL, note TEXT);
            WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < {rows})
            INSERT INTO people SELECT n, 'Name ' || n, n % 90, printf('%.2f', n / 7.0), n % 2, datetime(1704067200 + n, 'unixepoch'), n / 3.0, CASE WHEN n % 10 = 0 THEN NULL ELSE 'a note of some length, number ' || n END FROM r
            """);
        command.ExecuteNonQuery();
    }
}
