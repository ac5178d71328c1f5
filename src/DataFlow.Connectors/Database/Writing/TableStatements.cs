using System.Text;

namespace DataFlow.Connectors;

/// <summary>INSERT, upsert and DELETE in a database's own words, with parameters in the order of a run's fields.</summary>
internal static class TableStatements
{
    /// <summary>The statement that writes so many rows of a run; of one that only updates rows, a single one.</summary>
    public static string Of(Dialect dialect, WriteTarget target, RowRun run, int rows)
    {
        var sql = new StringBuilder();
        var number = 0;
        string Name(int column) => dialect.Quote(target.Table.Columns[column].ColumnName);
        if (run.IsDelete)
        {
            sql.Append("DELETE FROM ").Append(target.Table.Quoted).Append(" WHERE ");
            for (var row = 0; row < rows; row++)
            {
                sql.Append(row == 0 ? "(" : " OR (")
                    .AppendJoin(" AND ", run.Columns.Select(column => $"{Name(column)} = {dialect.Placeholder(++number)}"))
                    .Append(')');
            }

            return sql.ToString();
        }

        if (target.IsUpdate(run))
        {
            var isRenamed = run.FormerKey is not null;
            List<string> values =
            [
                .. run.Columns.Where(column => isRenamed || !target.Key.Contains(column))
                    .Select(column => $"{Name(column)} = {dialect.Placeholder(++number)}"),
            ];
            return sql.Append("UPDATE ").Append(target.Table.Quoted).Append(" SET ")
                .AppendJoin(", ", values.Count > 0 ? values : [$"{Name(target.Key[0])} = {Name(target.Key[0])}"])
                .Append(" WHERE ")
                .AppendJoin(" AND ", (isRenamed ? target.Key : run.Columns.Intersect(target.Key)).Select(column => $"{Name(column)} = {dialect.Placeholder(++number)}"))
                .ToString();
        }

        sql.Append("INSERT INTO ").Append(target.Table.Quoted).Append(" (").AppendJoin(", ", run.Columns.Select(Name)).Append(") VALUES ");
        for (var row = 0; row < rows; row++)
        {
            sql.Append(row == 0 ? "(" : ", (").AppendJoin(", ", run.Columns.Select(_ => dialect.Placeholder(++number))).Append(')');
        }

        if (target.Options.Write == TableWrite.Upsert)
        {
            sql.Append(Upsert(dialect, target, run));
        }

        return sql.ToString();
    }

    /// <summary>The bytes behind a text of the form <c>\x6162</c>, or of a field of bytes; null when it is neither.</summary>
    public static byte[]? BytesOf(FieldKind kind, ReadOnlySpan<byte> text)
    {
        if (kind == FieldKind.Bytes)
        {
            return Convert.FromBase64String(Encoding.ASCII.GetString(text));
        }

        if (!text.StartsWith("\\x"u8) || text.Length % 2 != 0)
        {
            return null;
        }

        var bytes = new byte[(text.Length - 2) / 2];
        return Convert.FromHexString(text[2..], bytes, out _, out _) == System.Buffers.OperationStatus.Done ? bytes : null;
    }

    /// <summary>What MySQL does with a row whose key is there already.</summary>
    public static string OnDuplicateKey(WriteTarget target, RowRun run)
    {
        string Name(int column) => MySqlDialect.Instance.Quote(target.Table.Columns[column].ColumnName);
        var changes = run.Columns.Except(target.Key).Select(column => $"{Name(column)} = VALUES({Name(column)})").ToList();
        var first = Name(target.Key[0]);
        return $" ON DUPLICATE KEY UPDATE {(changes.Count == 0 ? $"{first} = {first}" : string.Join(", ", changes))}";
    }

    private static string Upsert(Dialect dialect, WriteTarget target, RowRun run)
    {
        if (dialect is MySqlDialect)
        {
            return OnDuplicateKey(target, run);
        }

        if (dialect is not SqliteDialect)
        {
            throw ConnectorException.User($"write: upsert is not there for {dialect.Name}; use insert.");
        }

        string Name(int column) => dialect.Quote(target.Table.Columns[column].ColumnName);
        var changes = run.Columns.Except(target.Key).Select(column => $"{Name(column)} = excluded.{Name(column)}").ToList();
        return $" ON CONFLICT ({string.Join(", ", target.Key.Select(Name))}) DO "
            + (changes.Count == 0 ? "NOTHING" : $"UPDATE SET {string.Join(", ", changes)}");
    }
}
