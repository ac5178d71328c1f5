using System.Data.Common;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using Npgsql;

namespace DataFlow.Connectors;

/// <summary>
/// The session of the database in which a pipeline writes, marked by a lock that nothing else uses. A process that is frozen or cut
/// off leaves its transaction open, and whoever writes the same rows waits for it: a later run finds the session by the mark and
/// ends it. Only for speed of recovery: that an earlier run can't commit is what the epoch sees to.
/// </summary>
internal abstract class WriterSession
{
    /// <summary>How a pipeline marks its session; null where the database has no means that this user is sure to have.</summary>
    /// <param name="dialect">The database's ways.</param>
    /// <param name="checkpoints">The table of the checkpoints: two services may have pipelines of one name in one database.</param>
    /// <param name="pipeline">The pipeline's name.</param>
    public static WriterSession? Of(Dialect dialect, string checkpoints, string pipeline)
    {
        var mark = $"{checkpoints}\n{pipeline}";
        return dialect switch
        {
            PostgreSqlDialect => new PostgreSqlWriterSession(mark),
            MySqlDialect => new MySqlWriterSession(mark),
            _ => null,
        };
    }

    /// <summary>Ends the session that an earlier run left behind. Outside of a transaction.</summary>
    /// <returns>True when there was one.</returns>
    public abstract Task<bool> EndEarlierAsync(DbConnection connection, CancellationToken ct);

    /// <summary>Marks a transaction that has just begun.</summary>
    public virtual Task MarkAsync(DbConnection connection, DbTransaction transaction, CancellationToken ct) => Task.CompletedTask;

    /// <summary>Takes the mark off a session that goes back to its pool.</summary>
    public virtual Task LeaveAsync(DbConnection connection) => Task.CompletedTask;

    private static ulong HashOf(string mark) => XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(mark));

    /// <summary>By a lock of the transaction, so that a pooler in between may give each transaction another session.</summary>
    private sealed class PostgreSqlWriterSession(string mark) : WriterSession
    {
        public override async Task<bool> EndEarlierAsync(DbConnection connection, CancellationToken ct)
        {
            var key = KeyIn(connection);
            var sql = string.Create(
                CultureInfo.InvariantCulture,
                $"""
                SELECT count(pg_terminate_backend(pid)) FROM pg_locks
                WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND classid = {key >> 32} AND objid = {(uint)key} AND objsubid = 1 AND granted AND pid <> pg_backend_pid()
                """);
            return await connection.ScalarAsync(sql, ct).ConfigureAwait(false) is > 0L;
        }

        public override Task MarkAsync(DbConnection connection, DbTransaction transaction, CancellationToken ct) =>
            connection.ExecuteAsync(
                string.Create(CultureInfo.InvariantCulture, $"SELECT pg_advisory_xact_lock({(long)KeyIn(connection)})"), ct, transaction);

        // The table of the checkpoints is found by the search path: another schema has another one.
        private ulong KeyIn(DbConnection connection) => HashOf($"{new NpgsqlConnectionStringBuilder(connection.ConnectionString).SearchPath}\n{mark}");
    }

    /// <summary>By a lock of the session, which is the only kind there is. All databases of a server share the names of locks.</summary>
    private sealed class MySqlWriterSession(string mark) : WriterSession
    {
        public override async Task<bool> EndEarlierAsync(DbConnection connection, CancellationToken ct)
        {
            var name = NameIn(connection);
            var holder = await connection.ScalarAsync($"SELECT NULLIF(IS_USED_LOCK({name}), CONNECTION_ID())", ct).ConfigureAwait(false);
            if (holder is not null)
            {
                await connection.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"KILL {holder}"), ct).ConfigureAwait(false);
            }

            await connection.ScalarAsync($"SELECT GET_LOCK({name}, 10)", ct).ConfigureAwait(false);
            return holder is not null;
        }

        public override Task LeaveAsync(DbConnection connection) => connection.ExecuteAsync($"DO RELEASE_LOCK({NameIn(connection)})", CancellationToken.None);

        private string NameIn(DbConnection connection) =>
            string.Create(CultureInfo.InvariantCulture, $"'dataflow-{HashOf($"{connection.Database}\n{mark}"):x16}'");
    }
}
