using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace DataFlow.Connectors;

/// <summary>Short forms for one-off statements.</summary>
internal static class DbCommands
{
    /// <summary>Runs a statement and returns how many rows it touched.</summary>
    public static async Task<int> ExecuteAsync(
        this DbConnection connection, string sql, CancellationToken ct, DbTransaction? transaction = null)
    {
        var command = connection.CreateCommand();
        await using (command.ConfigureAwait(false))
        {
            command.CommandText = sql;
            command.Transaction = transaction;
            return await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        }
    }

    /// <summary>The first value of the first row; null for none and for NULL.</summary>
    public static async Task<object?> ScalarAsync(
        this DbConnection connection, string sql, CancellationToken ct, DbTransaction? transaction = null, int? timeoutSeconds = null)
    {
        var command = connection.CreateCommand();
        await using (command.ConfigureAwait(false))
        {
            command.CommandText = sql;
            command.Transaction = transaction;
            command.CommandTimeout = timeoutSeconds ?? command.CommandTimeout;
            using var interruption = SqliteInterruption.Of(connection, ct);
            try
            {
                return await command.ExecuteScalarAsync(ct).ConfigureAwait(false) is { } value and not DBNull ? value : null;
            }
            catch (SqliteException) when (ct.IsCancellationRequested)
            {
                throw new OperationCanceledException(ct);
            }
        }
    }

    /// <summary>The first column of all rows as text.</summary>
    public static async Task<List<string>> ListAsync(this DbConnection connection, string sql, CancellationToken ct)
    {
        var command = connection.CreateCommand();
        await using (command.ConfigureAwait(false))
        {
            command.CommandText = sql;
            var list = new List<string>();
            var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(ct).ConfigureAwait(false))
                {
                    list.Add(Convert.ToString(reader.GetValue(0), System.Globalization.CultureInfo.InvariantCulture) ?? "");
                }
            }

            return list;
        }
    }
}
