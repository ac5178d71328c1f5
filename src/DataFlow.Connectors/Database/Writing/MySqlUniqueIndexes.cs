using System.Data.Common;

namespace DataFlow.Connectors;

/// <summary>
/// MySQL asks every unique index of a table whether a row is there already, not the one that an upsert means. So the table must have
/// one on the key, and no other that a written row could collide with: that would change a row of another key.
/// </summary>
internal static class MySqlUniqueIndexes
{
    /// <exception cref="ConnectorException">The table doesn't fit; says what to change.</exception>
    public static async Task CheckAsync(WriteTarget target, IReadOnlyCollection<int> written, DbTransaction? transaction, CancellationToken ct)
    {
        var key = target.Key.Select(column => target.Table.Columns[column].ColumnName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var fields = written.Where(column => column >= 0).Select(column => target.Table.Columns[column].ColumnName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var indexes = await ReadAsync(target, transaction, ct).ConfigureAwait(false);
        if (!indexes.Values.Any(key.SetEquals))
        {
            throw ConnectorException.User(
                $"The table {target.Options.Table} has no unique index on {string.Join(", ", key)} (key), so that every upsert would insert a row. Add one, or name another key.");
        }

        // An index that holds all of the key is met only where the key is; one of columns that are not written fills itself.
        if (indexes.FirstOrDefault(index => !index.Value.IsSupersetOf(key) && index.Value.Overlaps(fields)) is { Key: { } other } found)
        {
            throw ConnectorException.User(
                $"The table {target.Options.Table} has another unique index, {other} on {string.Join(", ", found.Value)}: an upsert whose row is there already by that one would "
                    + "change a row with another key. Drop it, make it an ordinary index, or use write: insert.");
        }
    }

    private static async Task<Dictionary<string, HashSet<string>>> ReadAsync(WriteTarget target, DbTransaction? transaction, CancellationToken ct)
    {
        var parts = TableName.Parts(target.Options.Table);
        var indexes = new Dictionary<string, HashSet<string>>(StringComparer.OrdinalIgnoreCase);
        var command = target.Connection.CreateCommand();
        await using (command.ConfigureAwait(false))
        {
            command.Transaction = transaction;
            command.CommandText =
                "SELECT index_name, column_name FROM information_schema.statistics "
                + "WHERE non_unique = 0 AND table_schema = COALESCE(?, DATABASE()) AND table_name = ?";
            foreach (var value in (object?[])[parts.Count > 1 ? parts[^2] : null, parts[^1]])
            {
                var parameter = command.CreateParameter();
                parameter.Value = value ?? DBNull.Value;
                command.Parameters.Add(parameter);
            }

            var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(ct).ConfigureAwait(false))
                {
                    if (!indexes.TryGetValue(reader.GetString(0), out var columns))
                    {
                        indexes.Add(reader.GetString(0), columns = new HashSet<string>(StringComparer.OrdinalIgnoreCase));
                    }

                    // An index of an expression has no column.
                    columns.Add(reader.IsDBNull(1) ? "" : reader.GetString(1));
                }
            }
        }

        return indexes;
    }
}
