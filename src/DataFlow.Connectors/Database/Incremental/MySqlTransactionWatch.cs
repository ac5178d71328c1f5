using System.Data.Common;

namespace DataFlow.Connectors;

/// <summary>
/// The open transactions of InnoDB, and the statements that run: a statement fixes its <c>NOW()</c> before InnoDB knows of it.
/// Seeing them needs the right PROCESS.
/// </summary>
internal sealed class MySqlTransactionWatch(DatabaseAddress address) : ITransactionWatch
{
    // Named by session and start: the id changes when a transaction that has only read begins to write.
    private const string Transactions =
        "SELECT CONCAT('t', trx_mysql_thread_id, '/', trx_started) FROM information_schema.innodb_trx WHERE trx_mysql_thread_id <> "
            + "CONNECTION_ID()";

    private const string MariaDbStatements =
        "SELECT CONCAT('s', id, '/', query_id) FROM information_schema.processlist WHERE command NOT IN ('Sleep', 'Daemon', 'Binlog "
            + "Dump') AND id <> CONNECTION_ID()";

    private const string MySqlStatements =
        "SELECT CONCAT('s', id, '/', UNIX_TIMESTAMP() - time) FROM information_schema.processlist WHERE command NOT IN ('Sleep', "
            + "'Daemon', 'Binlog Dump') AND id <> CONNECTION_ID()";

    // The server renews its view of the transactions only when nobody has looked for 0.1 s.
    private const string Settle = "DO SLEEP(0.15)";

    private bool _isMariaDb;

    /// <summary>Null without the right to see other sessions.</summary>
    public static async ValueTask<ITransactionWatch?> CreateAsync(DatabaseAddress address, CancellationToken ct)
    {
        var connection = await address.OpenAsync(ct).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            try
            {
                await connection.ListAsync(Transactions, ct).ConfigureAwait(false);
            }
            catch (DbException)
            {
                return null;
            }

            var grants = await connection.ListAsync("SHOW GRANTS", ct).ConfigureAwait(false);
            return grants.Exists(ShowsAll)
                ? new MySqlTransactionWatch(address)
                {
                    _isMariaDb = connection.ServerVersion.Contains("MariaDB", StringComparison.OrdinalIgnoreCase),
                }
                : null;
        }
    }

    /// <summary>Statements first: one that becomes a transaction in between must not fall between the two lists.</summary>
    public async ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken ct)
    {
        var connection = await address.OpenAsync(ct).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var statements = await connection.ListAsync(_isMariaDb ? MariaDbStatements : MySqlStatements, ct).ConfigureAwait(false);
            return [.. statements, .. await TransactionsAsync(connection, ct).ConfigureAwait(false)];
        }
    }

    public async ValueTask<IReadOnlyList<string>> ListLeftAsync(CancellationToken ct)
    {
        var connection = await address.OpenAsync(ct).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            return await TransactionsAsync(connection, ct).ConfigureAwait(false);
        }
    }

    /// <summary><c>GRANT SELECT, PROCESS ON *.* TO ...</c>. The names of users and databases mean nothing.</summary>
    private static bool ShowsAll(string grant)
    {
        const string Begin = "GRANT ";
        var end = grant.IndexOf(" ON *.* TO ", StringComparison.Ordinal);
        return end > 0 && grant.StartsWith(Begin, StringComparison.Ordinal)
            && grant[Begin.Length..end].Split(", ").Any(right => right is "PROCESS" or "ALL PRIVILEGES");
    }

    private static async Task<List<string>> TransactionsAsync(DbConnection connection, CancellationToken ct)
    {
        await connection.ExecuteAsync(Settle, ct).ConfigureAwait(false);
        return await connection.ListAsync(Transactions, ct).ConfigureAwait(false);
    }
}
