using System.Globalization;
using Npgsql;

namespace DataFlow.Engine.State;

/// <summary>The database of a service: a pool of connections, transactions, and its tables brought up to date.</summary>
internal sealed class PostgresDatabase : IAsyncDisposable
{
    private const int MostTries = 5;

    // A frozen process must not keep others from taking its pipelines over by the locks of a transaction that it was in.
    private const string ServerSettings = "-c synchronous_commit=on -c idle_in_transaction_session_timeout=15s";

    private readonly NpgsqlDataSource _source;
    private readonly PostgresFaults _faults;

    private PostgresDatabase(NpgsqlDataSource source, string place)
    {
        _source = source;
        _faults = new PostgresFaults(place);
    }

    /// <summary>Opens the database and brings its tables up to date; of several that do so at once, the others wait.</summary>
    /// <exception cref="ConnectorException">It can't be opened or used; the message says what to do.</exception>
    public static async ValueTask<PostgresDatabase> OpenAsync(string connectionString, CancellationToken ct)
    {
        var settings = Read(connectionString);
        var place = string.Create(CultureInfo.InvariantCulture, $"the PostgreSQL database '{settings.Database}' on {settings.Host}:{settings.Port}");
        var database = new PostgresDatabase(NpgsqlDataSource.Create(settings), place);
        try
        {
            await database.PrepareAsync(ct).ConfigureAwait(false);
            return database;
        }
        catch
        {
            await database.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Runs statements that each stand alone and may run twice: a cut connection is replaced once.</summary>
    public async ValueTask<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> run, CancellationToken ct) =>
        await RunAsync(run, mayRepeat: () => true, ct).ConfigureAwait(false);

    /// <summary>Runs a write in a transaction; it is durable when the task ends.</summary>
    /// <param name="write">May run several times: when it got in the way of another transaction, and when the connection was cut before its commit.</param>
    /// <param name="ct">Gives up waiting.</param>
    public async ValueTask<T> WriteAsync<T>(Func<NpgsqlConnection, Task<T>> write, CancellationToken ct)
    {
        var committing = false;
        return await RunAsync(
            async connection =>
            {
                await using var transaction = await connection.BeginTransactionAsync(ct).ConfigureAwait(false);
                var result = await write(connection).ConfigureAwait(false);
                committing = true;
                await transaction.CommitAsync(ct).ConfigureAwait(false);
                return result;
            },
            mayRepeat: () => !committing,
            ct).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private static NpgsqlConnectionStringBuilder Read(string connectionString)
    {
        try
        {
            var settings = new NpgsqlConnectionStringBuilder(connectionString);
            settings.ApplicationName ??= "dataflow";
            settings.Options = $"{settings.Options} {ServerSettings}".Trim();
            settings.CommandTimeout = settings.CommandTimeout == 0 ? 30 : settings.CommandTimeout;
            settings.Timeout = settings.Timeout == 0 ? 15 : settings.Timeout;
            settings.Host ??= "localhost";
            settings.Database ??= settings.Username;
            settings.Multiplexing = false;
            return settings;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            throw PostgresFaults.WrongConnectionString(e);
        }
    }

    private async ValueTask<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> run, Func<bool> mayRepeat, CancellationToken ct)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await using var connection = await _source.OpenConnectionAsync(ct).ConfigureAwait(false);
                return await run(connection).ConfigureAwait(false);
            }
            catch (Exception e) when (tries < MostTries && PostgresFaults.IsConflict(e))
            {
            }
            catch (Exception e) when (tries == 1 && PostgresFaults.IsCut(e) && mayRepeat())
            {
                // One that lay in the pool since before the server restarted, and so have the others.
                _source.Clear();
            }
            catch (Exception e) when (PostgresFaults.IsFault(e))
            {
                throw _faults.Explain(e);
            }
        }
    }

    private async ValueTask PrepareAsync(CancellationToken ct)
    {
        var encoding = await RunAsync(connection => connection.RowsAsync(row => row.GetString(0), "show server_encoding", [], ct), ct)
            .ConfigureAwait(false);
        if (encoding is not ["UTF8"])
        {
            throw _faults.Unfit($"its encoding is {encoding[0]}, which can't hold all texts. Create one with ENCODING 'UTF8'.");
        }

        if (await RunAsync(connection => VersionAsync(connection, ct), ct).ConfigureAwait(false) < PostgresSchema.Version)
        {
            await WriteAsync(connection => MigrateAsync(connection, ct), ct).ConfigureAwait(false);
        }
    }

    private async Task<int> VersionAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        // Not to_regclass: it may answer from a cache of before the lock.
        var tables = await connection.RowsAsync(
            row => row.GetString(0),
            "select tablename::text from pg_catalog.pg_tables where schemaname = 'dataflow' and tablename = 'schema_version'",
            [], ct).ConfigureAwait(false);
        if (tables.Count == 0)
        {
            return 0;
        }

        var versions = await connection
            .RowsAsync(row => row.GetInt32(0), "select coalesce(max(version), 0) from dataflow.schema_version", [], ct).ConfigureAwait(false);
        return versions[0] <= PostgresSchema.Version
            ? versions[0]
            : throw _faults.Unfit(string.Create(
                CultureInfo.InvariantCulture,
                $"its tables were written by a newer DataFlow (schema {versions[0]}; this one knows up to {PostgresSchema.Version}). Use that version, or another database."));
    }

    private async Task<bool> MigrateAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await connection.ExecuteAsync("select pg_advisory_xact_lock($1)", [PostgresSchema.MigrationLock], ct).ConfigureAwait(false);
        var version = await VersionAsync(connection, ct).ConfigureAwait(false);
        if (version == 0)
        {
            await connection.ExecuteAsync(PostgresSchema.Foundation, [], ct).ConfigureAwait(false);
        }

        for (; version < PostgresSchema.Version; version++)
        {
            await connection.ExecuteAsync(PostgresSchema.Migrations[version], [], ct).ConfigureAwait(false);
            await connection.ExecuteAsync("insert into dataflow.schema_version values ($1, clock_timestamp())", [version + 1], ct)
                .ConfigureAwait(false);
        }

        return true;
    }
}
