namespace DataFlow.Connectors;

/// <summary>
/// The virtual transactions of PostgreSQL, which every transaction has from its first statement on, and the prepared ones. The
/// transaction id would not do: a transaction takes it with its first write, which may come after our poll.
/// </summary>
internal sealed class PostgreSqlTransactionWatch(DatabaseAddress address) : ITransactionWatch
{
    // Those that can't write to this database are left out as far as our rights let us see what they are.
    private const string Running =
        """
        SELECT 'v' || l.virtualxid FROM pg_catalog.pg_locks l
        LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'virtualxid' AND l.mode = 'ExclusiveLock' AND l.pid <> pg_backend_pid()
          AND (a.datid IS NULL OR a.datid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
          AND coalesce(a.backend_type, '') NOT IN (
              'autovacuum worker', 'autovacuum launcher', 'walsender', 'checkpointer', 'background writer')
        """;

    private const string Prepared = "SELECT 'p' || gid FROM pg_catalog.pg_prepared_xacts WHERE database = current_database()";

    /// <summary>Null on a standby, which doesn't show the transactions of its primary.</summary>
    public static async ValueTask<ITransactionWatch?> CreateAsync(DatabaseAddress address, CancellationToken ct)
    {
        var connection = await address.OpenAsync(ct).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            return await connection.ScalarAsync("SELECT pg_catalog.pg_is_in_recovery()", ct).ConfigureAwait(false) is true
                ? null
                : new PostgreSqlTransactionWatch(address);
        }
    }

    /// <summary>Running ones first: one that is prepared in between must not fall between the two lists.</summary>
    public async ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken ct)
    {
        var connection = await address.OpenAsync(ct).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var running = await connection.ListAsync(Running, ct).ConfigureAwait(false);
            return [.. running, .. await connection.ListAsync(Prepared, ct).ConfigureAwait(false)];
        }
    }

    public async ValueTask<IReadOnlyList<string>> ListLeftAsync(CancellationToken ct)
    {
        var connection = await address.OpenAsync(ct).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            return await connection.ListAsync(Prepared, ct).ConfigureAwait(false);
        }
    }
}
