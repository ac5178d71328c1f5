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
        if (await MySqlTables.IsViewAsync(target.Connection, target.Options.Table, transaction, ct).ConfigureAwait(false))
        {
            throw ConnectorException.User(
                $"{target.Options.Table} is a view, and MySQL doesn't say which unique indexes an upsert into it would meet. Name the table behind it, or use write: insert.");
        }

        var key = target.Key.Select(column => target.Table.Columns[column].ColumnName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var fields = written.Where(column => column >= 0).Select(column => target.Table.Columns[column].ColumnName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var indexes = await ReadAsync(target, transaction, ct).ConfigureAwait(false);
        if (!indexes.Values.Any(index => index.All(part => part.IsWhole) && key.SetEquals(index.Select(part => part.Column))))
        {
            throw ConnectorException.User(
                $"The table {target.Options.Table} has no unique index on {string.Join(", ", key)} (key), so that every upsert would insert a row. Add one"
                + $"{(indexes.Values.Any(index => index.Exists(part => !part.IsWhole)) ? ", on whole columns," : "")} or name another key.");
        }

        // An index that holds all of the key is met only where the key is; one of columns that are not written fills itself.
        var other = indexes.FirstOrDefault(index =>
            !key.IsSubsetOf(index.Value.Where(part => part.IsWhole).Select(part => part.Column)) && index.Value.Exists(part => part.IsComputed || fields.Contains(part.Column)));
        if (other.Key is { } name)
        {
            throw ConnectorException.User(
                $"The table {target.Options.Table} has another unique index, {name} on {string.Join(", ", other.Value)}: an upsert whose row is there already by that one would "
                    + "change a row with another key. Drop it, make it an ordinary index, or use write: insert.");
        }
    }

    private static async Task<Dictionary<string, List<Part>>> ReadAsync(WriteTarget target, DbTransaction? transaction, CancellationToken ct)
    {
        var indexes = new Dictionary<string, List<Part>>(StringComparer.OrdinalIgnoreCase);
        var command = target.Connection.CreateCommand();
        await using (command.ConfigureAwait(false))
        {
            command.Transaction = transaction;
            command.CommandText =
                "SELECT s.index_name, s.column_name, s.sub_part, c.generation_expression FROM information_schema.statistics s "
                + "LEFT JOIN information_schema.columns c "
                + "ON c.table_schema = s.table_schema AND c.table_name = s.table_name AND c.column_name = s.column_name "
                + "WHERE s.non_unique = 0 AND s.table_schema = COALESCE(?, DATABASE()) AND s.table_name = ? ORDER BY s.index_name, s.seq_in_index";
            MySqlTables.Bind(command, target.Options.Table);
            var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(ct).ConfigureAwait(false))
                {
                    if (!indexes.TryGetValue(reader.GetString(0), out var parts))
                    {
                        indexes.Add(reader.GetString(0), parts = []);
                    }

                    parts.Add(new Part(
                        reader.IsDBNull(1) ? "" : reader.GetString(1),
                        reader.IsDBNull(2) ? null : Convert.ToInt64(reader.GetValue(2), System.Globalization.CultureInfo.InvariantCulture),
                        !reader.IsDBNull(3) && reader.GetString(3).Length > 0));
                }
            }
        }

        return indexes;
    }

    /// <summary>What an index looks at.</summary>
    /// <param name="Column">A column; empty for an expression.</param>
    /// <param name="Length">Only so many characters of it; null for all.</param>
    /// <param name="IsGenerated">True when the column is computed from others.</param>
    private sealed record Part(string Column, long? Length, bool IsGenerated)
    {
        /// <summary>True when two rows with different values of the column are never the same to the index.</summary>
        public bool IsWhole => Column.Length > 0 && Length is null;

        /// <summary>True when what is written elsewhere decides about it.</summary>
        public bool IsComputed => Column.Length == 0 || IsGenerated;

        public override string ToString() => Column.Length == 0 ? "an expression" : Length is { } length ? $"{Column}({length})" : Column;
    }
}
