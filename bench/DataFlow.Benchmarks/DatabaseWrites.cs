using System.Globalization;
using System.Text;
using DataFlow.Conformance;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using MySqlConnector;
using Npgsql;
using SQLitePCL;

namespace DataFlow.Benchmarks;

/// <summary>
/// The database sinks alone: batches that are in memory, written in one transaction with their checkpoint, against the fastest way of
/// each driver with the same rows prepared for it.
/// </summary>
internal static class DatabaseWrites
{
    private const int BatchRows = 8192;
    private const int PieceBytes = 64 << 10;

    private static readonly RecordSchema Schema = new(
    [
        ("id", FieldType.Int64), ("name", FieldType.Text), ("age", FieldType.Int64), ("balance", FieldType.Decimal), ("active", FieldType.Int64),
        ("created_at", FieldType.Timestamp), ("score", FieldType.Double), ("note", FieldType.Text),
    ]);

    /// <summary>The jobs; the tables <c>target</c> have the columns of the rows.</summary>
    public static IEnumerable<Job> All(long rows, PostgreSqlDatabase postgreSql, string login, MariaDbDatabase mariaDb, string mariaLogin, string sqlite)
    {
        var batches = Batches(rows);
        var lines = Lines(rows);
        yield return new Job("rows -> PostgreSQL", rows,
        [
            Sink(batches, postgreSql.JdbcUrl, login, () => Wait(postgreSql.ExecuteAsync("TRUNCATE written"))),
            new Contender("COPY text, lines made of the records", InProcess: true, () => Copy(postgreSql, new RecordLines(batches))),
            new Contender("COPY text, prepared lines", InProcess: true, () => Copy(postgreSql, new MemoryStream(lines, writable: false))),
        ]);
        yield return new Job("rows -> MariaDB", rows,
        [
            Sink(batches, mariaDb.JdbcUrl, mariaLogin, () => Wait(mariaDb.ExecuteAsync("TRUNCATE TABLE written"))),
            new Contender("LOAD DATA LOCAL, lines made of the records", InProcess: true, () => Load(mariaDb, new RecordLines(batches))),
            new Contender("LOAD DATA LOCAL, prepared lines", InProcess: true, () => Load(mariaDb, new MemoryStream(lines, writable: false))),
        ]);
        yield return new Job("rows -> SQLite", rows,
        [
            Sink(batches, $"jdbc:sqlite:{sqlite}", "", () => Execute(sqlite, "DELETE FROM written")),
            new Contender("bind and step, prepared texts", InProcess: true, () => BindAndStep(sqlite, batches)),
        ]);
    }

    private static Contender Sink(IReadOnlyList<RecordBatch> batches, string connection, string login, Action empty)
    {
        var epoch = 0;
        var options = $"{{ {login}{(login.Length > 0 ? ", " : "")}table: written }}";
        var configured = ConfiguredSink.Of(BuiltInCatalogue.Instance, $"{{ type: database, connection: '{connection}', options: {options} }}");
        return new Contender("DataFlow", InProcess: true, () =>
        {
            empty();
            Wait(WriteAsync(configured, batches, ++epoch));
        });
    }

    private static async Task WriteAsync(ConfiguredSink configured, IReadOnlyList<RecordBatch> batches, int epoch)
    {
        await using var sink = configured.Create();
        await sink.OpenAsync(
            new SinkContext
            {
                PipelineId = "bench",
                Generation = epoch,
                Epoch = epoch,
                StartsOver = true,
                Time = TimeProvider.System,
                Pool = BatchPool.Shared,
                Logger = NullLogger.Instance,
            },
            CancellationToken.None);
        foreach (var batch in batches)
        {
            if ((await sink.WriteAsync(batch, CancellationToken.None)).Refused is { Count: > 0 } refused)
            {
                throw new InvalidOperationException(refused[0].Message);
            }
        }

        await sink.CommitAsync(Checkpoint.None with { Generation = epoch, Epoch = epoch, Sequence = 1 }, CancellationToken.None);
    }

    private static void Copy(PostgreSqlDatabase database, Stream lines)
    {
        Wait(database.ExecuteAsync("TRUNCATE written"));
        using var connection = new NpgsqlConnection(database.ConnectionString);
        connection.Open();
        using var writer = connection.BeginTextImport("COPY written FROM STDIN");
        lines.CopyTo(writer.BaseStream, PieceBytes);
    }

    private static void Load(MariaDbDatabase database, Stream lines)
    {
        Wait(database.ExecuteAsync("TRUNCATE TABLE written"));
        using var connection = database.OpenAsync().GetAwaiter().GetResult();
        var loader = new MySqlBulkLoader(connection)
        {
            TableName = "written",
            SourceStream = lines,
            CharacterSet = "utf8mb4",
            FieldTerminator = "\t",
            LineTerminator = "\n",
            EscapeCharacter = '\\',
        };
        loader.Load();
    }

    private static void BindAndStep(string path, IReadOnlyList<RecordBatch> batches)
    {
        Execute(path, "DELETE FROM written");
        using var connection = new SqliteConnection($"Data Source={path}");
        connection.Open();
        using var transaction = connection.BeginTransaction();
        raw.sqlite3_prepare_v2(connection.Handle!, "INSERT INTO written VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", out var statement);
        using (statement)
        {
            foreach (var batch in batches)
            {
                for (var row = 0; row < batch.RowCount; row++)
                {
                    for (var column = 0; column < 8; column++)
                    {
                        raw.sqlite3_bind_text(statement, column + 1, batch.Utf8(row, column));
                    }

                    raw.sqlite3_step(statement);
                    raw.sqlite3_reset(statement);
                }
            }
        }

        transaction.Commit();
    }

    private static string[] Values(long row) =>
    [
        row.ToString(CultureInfo.InvariantCulture), $"Name {row}", $"{row % 90}", (row / 7m).ToString("0.00", CultureInfo.InvariantCulture), $"{row % 2}",
        DateTime.UnixEpoch.AddSeconds(1_704_067_200 + row).ToString("yyyy-MM-dd HH:mm:ss'.0'", CultureInfo.InvariantCulture),
        (row / 3.0).ToString("R", CultureInfo.InvariantCulture), $"a note of some length, number {row}",
    ];

    private static List<RecordBatch> Batches(long rows)
    {
        var batches = new List<RecordBatch>();
        for (var row = 0L; row < rows; row++)
        {
            if (row % BatchRows == 0)
            {
                batches.Add(BatchPool.Shared.Rent(256 << 10));
                batches[^1].Begin(Schema, BatchRows);
            }

            var batch = batches[^1];
            var start = batch.Length;
            var fields = Values(row).Select(value => Encoding.UTF8.GetBytes(value))
                .Select(bytes => new FieldRef(batch.Append(bytes), bytes.Length, FieldKind.Text)).ToArray();
            fields.CopyTo(batch.AddRow(start, batch.Length - start));
        }

        return batches;
    }

    private static byte[] Lines(long rows)
    {
        using var stream = new MemoryStream();
        for (var row = 0L; row < rows; row++)
        {
            stream.Write(Encoding.UTF8.GetBytes(string.Join('\t', Values(row)) + "\n"));
        }

        return stream.ToArray();
    }

    private static void Execute(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path}");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static void Wait(Task task) => task.GetAwaiter().GetResult();
}
