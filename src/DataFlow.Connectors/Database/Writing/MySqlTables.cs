using System.Data.Common;

namespace DataFlow.Connectors;

/// <summary>What MySQL says about a table as a whole.</summary>
internal static class MySqlTables
{
    /// <summary>The end of a statement that makes a table, whatever the server's usual engine.</summary>
    public const string Transactional = " ENGINE=InnoDB";

    /// <summary>
    /// Some engines keep what was rolled back: rows would be there twice after a failure, and without their checkpoint.
    /// </summary>
    /// <exception cref="ConnectorException">A table has such an engine; says how to change it.</exception>
    public static async Task CheckTransactionsAsync(DbConnection connection, IEnumerable<string> tables, CancellationToken ct)
    {
        foreach (var table in tables)
        {
            var engine = await ScalarAsync(
                connection,
                "SELECT t.engine FROM information_schema.tables t LEFT JOIN information_schema.engines e ON e.engine = t.engine "
                    + "WHERE t.table_type = 'BASE TABLE' AND COALESCE(e.transactions, 'NO') <> 'YES' AND ",
                table,
                transaction: null,
                ct).ConfigureAwait(false);
            if (engine is not null)
            {
                throw ConnectorException.User(
                    $"The table {table} has the engine {engine}, which knows no transactions: what is taken back would stay. Change it: "
                    + $"ALTER TABLE {MySqlDialect.Instance.QuoteTable(table)}{Transactional}.");
            }
        }
    }

    /// <summary>True for a view.</summary>
    public static async Task<bool> IsViewAsync(DbConnection connection, string table, DbTransaction? transaction, CancellationToken ct) =>
        await ScalarAsync(connection, "SELECT 1 FROM information_schema.tables t WHERE t.table_type = 'VIEW' AND ", table, transaction, ct)
            .ConfigureAwait(false) is not null;

    /// <summary>Gives a command the two parameters of <c>table_schema = COALESCE(?, DATABASE()) AND table_name = ?</c>.</summary>
    public static void Bind(DbCommand command, string table)
    {
        var parts = TableName.Parts(table);
        foreach (var value in (object?[])[parts.Count > 1 ? parts[^2] : null, parts[^1]])
        {
            var parameter = command.CreateParameter();
            parameter.Value = value ?? DBNull.Value;
            command.Parameters.Add(parameter);
        }
    }

    private static async Task<object?> ScalarAsync(
        DbConnection connection, string sql, string table, DbTransaction? transaction, CancellationToken ct)
    {
        var command = connection.CreateCommand();
        await using (command.ConfigureAwait(false))
        {
            command.Transaction = transaction;
            command.CommandText = sql + "t.table_schema = COALESCE(?, DATABASE()) AND t.table_name = ?";
            Bind(command, table);
            return await command.ExecuteScalarAsync(ct).ConfigureAwait(false) is { } value and not DBNull ? value : null;
        }
    }
}
