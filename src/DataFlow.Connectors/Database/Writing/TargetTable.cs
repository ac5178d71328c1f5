using System.Data.Common;

namespace DataFlow.Connectors;

/// <summary>The columns of the table that is written. Immutable.</summary>
internal sealed class TargetTable
{
    private readonly DatabaseAddress _address;

    private TargetTable(DatabaseAddress address, string name, IReadOnlyList<DbColumn> columns)
    {
        _address = address;
        Name = name;
        Columns = columns;
        Formats = [.. columns.Select(address.Dialect.FormatOf)];
    }

    /// <summary>As configured.</summary>
    public string Name { get; }

    /// <summary>With quotes.</summary>
    public string Quoted => _address.Dialect.QuoteTable(Name);

    /// <summary>What the database says about each column.</summary>
    public IReadOnlyList<DbColumn> Columns { get; }

    /// <summary>What each column holds.</summary>
    public ColumnFormat[] Formats { get; }

    /// <summary>A table whose columns are known.</summary>
    public static TargetTable Of(DatabaseAddress address, string name, IReadOnlyList<DbColumn> columns) => new(address, name, columns);

    /// <summary>Looks a table up; null when it is not there.</summary>
    public static async Task<TargetTable?> FindAsync(
        DbConnection connection, DatabaseAddress address, string name, CancellationToken ct, DbTransaction? transaction = null)
    {
        var sql = new SqlTextBuilder().Add($"SELECT * FROM {address.Dialect.QuoteTable(name)} WHERE 1 = 0").Build();
        try
        {
            return new TargetTable(
                address, name, await address.Dialect.DescribeAsync(connection, sql, transaction, ct).ConfigureAwait(false));
        }
        catch (DbException failure) when (address.Dialect.KindOf(failure) == FaultKind.Query && !IsForbidden(failure))
        {
            return null;
        }
    }

    /// <summary>The column of a field: by its exact name, else in any case; -1 without one.</summary>
    public int IndexOf(string field)
    {
        var index = Find(name => name.Equals(field, StringComparison.Ordinal));
        return index >= 0 ? index : Find(name => name.Equals(field, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>True for a column that an empty text fits into.</summary>
    public bool HoldsText(int column) => Formats[column] is ColumnFormat.Text or ColumnFormat.Dynamic or ColumnFormat.Bytes
        || (_address.Dialect is PostgreSqlDialect && PostgreSqlColumns.TakesEmptyText(Columns[column]));

    /// <summary>True for a column of MySQL whose moments are in UTC, though it doesn't take the letter that says so.</summary>
    public bool IsInUtc(int column) => Formats[column] == ColumnFormat.MySqlMoment && MySqlDialect.CountsInUtc(_address);

    /// <summary>The statement that makes a table for records.</summary>
    public static string CreateStatement(Dialect dialect, string table, RecordSchema schema, IReadOnlyList<string> key)
    {
        var columns = schema.Names.Select((name, index) =>
            $"{dialect.Quote(name)} "
                + $"{ColumnTypes.Of(dialect, schema.TypeOf(index), key.Contains(name, StringComparer.OrdinalIgnoreCase))}");
        var primary = key.Count > 0 ? $", PRIMARY KEY ({string.Join(", ", key.Select(dialect.Quote))})" : "";
        var engine = dialect is MySqlDialect ? MySqlTables.Transactional : "";
        return $"CREATE TABLE {dialect.QuoteTable(table)} ({string.Join(", ", columns)}{primary}){engine}";
    }

    private static bool IsForbidden(DbException failure) => failure.SqlState == "42501";

    private int Find(Func<string, bool> matches) =>
        Columns.Select((column, index) => matches(column.ColumnName) ? index : -1).FirstOrDefault(index => index >= 0, -1);
}
