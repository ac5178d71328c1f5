using Microsoft.Data.Sqlite;

namespace DataFlow.Engine.State;

/// <summary>The state database as a file: opens connections and brings its tables up to date.</summary>
/// <param name="path">Full path of the file.</param>
internal sealed class SqliteDatabase(string path)
{
    /// <summary>How long a call waits for another process that is writing.</summary>
    public const int WaitSeconds = 30;

    // "DFst": tells a state database from any other SQLite file.
    private const long ApplicationId = 0x44467374;

    /// <summary>Full path of the file.</summary>
    public string Path { get; } = path;

    /// <summary>Opens the database of a state folder for reading and writing. Makes folder and file if need be.</summary>
    /// <exception cref="ConnectorException">The folder or the file can't be used; the message says what to do.</exception>
    public static (SqliteDatabase Database, SqliteWriter Writer) OpenIn(string folder)
    {
        var database = new SqliteDatabase(System.IO.Path.Combine(StateFolder.Create(folder), SqliteStateStore.FileName));
        try
        {
            return (database, new SqliteWriter(database, database.Open()));
        }
        catch (SqliteException e)
        {
            throw SqliteFaults.Explain(database.Path, e);
        }
    }

    /// <summary>Opens a connection that may write; what it commits is on the disk.</summary>
    /// <exception cref="SqliteException">See <see cref="SqliteFaults"/>.</exception>
    /// <exception cref="ConnectorException">The file isn't a state database, or is a newer one.</exception>
    public SqliteConnection Open()
    {
        var connection = Connection(SqliteOpenMode.ReadWriteCreate);
        try
        {
            connection.Open();
            CheckThatItIsOurs(connection);
            if (connection.Scalar<string>("pragma journal_mode = wal") != "wal")
            {
                throw ConnectorException.User(
                    $"The state database '{Path}' can't use write-ahead logging here: the file system lacks shared memory or locks, " +
                    "as network shares do. Name a folder on a local disk with --state DIR.");
            }

            connection.Execute("pragma synchronous = full");
            Migrate(connection);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Reads one consistent state, beside the writer and without waiting for it.</summary>
    public async ValueTask<T> ReadAsync<T>(Func<SqliteConnection, T> read, CancellationToken ct) =>
        await Task.Run(
            () =>
            {
                try
                {
                    using var connection = Connection(SqliteOpenMode.ReadOnly);
                    connection.Open();
                    using var snapshot = connection.BeginTransaction(deferred: true);
                    return read(connection);
                }
                catch (SqliteException e)
                {
                    throw SqliteFaults.Explain(Path, e);
                }
            },
            ct).ConfigureAwait(false);

    /// <summary>
    /// Copies the database, as it is at this moment, into a new file. Whoever writes goes on meanwhile. The file is there when it is
    /// complete and on the disk, or not at all.
    /// </summary>
    /// <exception cref="ConnectorException">It can't be read, or the copy can't be written; the message says what to do.</exception>
    public void CopyTo(string copy)
    {
        if (File.Exists(copy))
        {
            throw ConnectorException.User($"The file '{copy}' is there already. Name another one, or move it away.");
        }

        var partial = copy + ".partial";
        try
        {
            File.Delete(partial);
            using (var connection = Connection(SqliteOpenMode.ReadOnly))
            {
                connection.Open();
                CheckThatItIsOurs(connection);
                connection.Execute("vacuum into ?1", partial);
            }

            using (var written = new FileStream(partial, FileMode.Open, FileAccess.ReadWrite))
            {
                written.Flush(flushToDisk: true);
            }

            File.Move(partial, copy);
        }
        catch (SqliteException e) when (SqliteFaults.IsOfSource(e))
        {
            throw SqliteFaults.Explain(Path, e);
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw ConnectorException.User(
                $"The copy '{copy}' can't be written: {e.Message} Name a file in a folder that is there, may be written and has room.", e);
        }
    }

    // A pooled connection would keep the file open after the store is closed.
    private SqliteConnection Connection(SqliteOpenMode mode) => new(new SqliteConnectionStringBuilder
    {
        DataSource = Path,
        Mode = mode,
        Pooling = false,
        DefaultTimeout = WaitSeconds,
    }.ToString());

    private void CheckThatItIsOurs(SqliteConnection connection)
    {
        var tables = connection.Scalar<long>("select count(*) from sqlite_schema");
        var application = connection.Scalar<long>("pragma application_id");
        if (application != ApplicationId && (application != 0 || tables != 0))
        {
            throw SqliteFaults.Damaged(Path, "it is the database of another program");
        }

        var version = connection.Scalar<long>("pragma user_version");
        if (version > SqliteSchema.Version)
        {
            throw ConnectorException.User(
                $"The state database '{Path}' was written by a newer DataFlow (schema {version}; this one knows up to " +
                $"{SqliteSchema.Version}). Use that version, or name another folder with --state DIR.");
        }
    }

    private static void Migrate(SqliteConnection connection)
    {
        if (connection.Scalar<long>("pragma user_version") == SqliteSchema.Version)
        {
            return;
        }

        using var transaction = connection.BeginTransaction(deferred: false);
        for (var version = connection.Scalar<long>("pragma user_version"); version < SqliteSchema.Version; version++)
        {
            connection.Execute(SqliteSchema.Migrations[(int)version]);
        }

        // Pragmas take no parameters.
        connection.Execute($"pragma application_id = {ApplicationId}; pragma user_version = {SqliteSchema.Version}");
        transaction.Commit();
    }
}
