using System.Data.Common;

namespace DataFlow.Connectors;

/// <summary>The columns of a query, as the database describes them. Immutable.</summary>
internal sealed class QueryShape
{
    private QueryShape(IReadOnlyList<DbColumn> columns, Dialect dialect)
    {
        Columns = columns;
        Formats = [.. columns.Select(dialect.FormatOf)];
        Schema = new RecordSchema(columns.Select((column, index) => (column.ColumnName, Formats[index].TypeOf())));
        IdColumn = columns.Select(column => column.ColumnName).ToList().FindIndex(
            name => name.Equals("id", StringComparison.OrdinalIgnoreCase));
        Signature = string.Join(", ", columns.Select(Name));
    }

    /// <summary>What the database says about each column.</summary>
    public IReadOnlyList<DbColumn> Columns { get; }

    /// <summary>How each column becomes text.</summary>
    public ColumnFormat[] Formats { get; }

    /// <summary>The records' schema.</summary>
    public RecordSchema Schema { get; }

    /// <summary>The column <c>id</c>, in any case, or -1.</summary>
    public int IdColumn { get; }

    /// <summary>Names and types, to see when they change.</summary>
    public string Signature { get; }

    /// <summary>The incremental column, or -1.</summary>
    public int Cursor { get; init; } = -1;

    /// <summary>A column's name and type, for people.</summary>
    public static string Name(DbColumn column) => $"{column.ColumnName} {column.DataTypeName}";

    /// <summary>Asks the database what a query gives, without running it.</summary>
    /// <exception cref="ConnectorException">The query can't be run, or two columns have one name.</exception>
    public static async Task<QueryShape> DescribeAsync(
        DbConnection connection, SqlText query, DatabaseAddress address, CancellationToken ct)
    {
        try
        {
            return Of(await address.Dialect.DescribeAsync(connection, query, null, ct).ConfigureAwait(false), address.Dialect);
        }
        catch (Exception failure) when (failure is DbException or IOException or TimeoutException or InvalidOperationException)
        {
            throw DatabaseFault.OfStatement(failure, address, address.Dialect is PostgreSqlDialect ? query.ToLiteral() : null);
        }
    }

    /// <summary>A shape of columns that are known.</summary>
    public static QueryShape Of(IReadOnlyList<DbColumn> columns, Dialect dialect)
    {
        if (columns.Count == 0)
        {
            throw ConnectorException.User("The query gives no columns. It must be a SELECT.");
        }

        var twice = columns.GroupBy(column => column.ColumnName, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        return twice is null
            ? new QueryShape(columns, dialect)
            : throw ConnectorException.User(
                $"The query gives {twice.Count()} columns that are called '{twice.Key}', and a record's fields have to differ in name. "
                + $"Name them apart: ... AS {twice.Key}_2.");
    }

    /// <summary>The same with the incremental column found: by its name in the result, else by the name of the table's column.</summary>
    public QueryShape WithCursor(string name, Dialect dialect)
    {
        var index = Find(column => column.ColumnName.Equals(name, StringComparison.Ordinal));
        index = index >= 0 ? index : Find(column => column.ColumnName.Equals(name, StringComparison.OrdinalIgnoreCase));
        index = index >= 0 ? index : Find(column => name.Equals(column.BaseColumnName, StringComparison.OrdinalIgnoreCase));
        return index >= 0
            ? new QueryShape(Columns, dialect) { Cursor = index }
            : throw ConnectorException.User(
                $"Incremental sync not progressing: the incremental-column '{name}' is not among the columns of the query "
                + $"({string.Join(", ", Schema.Names)}). Add it to the SELECT.");
    }

    /// <summary>Makes sure that a query that runs gives the columns that were described: a table may be altered in between.</summary>
    /// <exception cref="ConnectorException">It gives others, or in another order.</exception>
    public void CheckNames(IEnumerable<string> running)
    {
        if (!running.SequenceEqual(Schema.Names))
        {
            throw Changed(running);
        }
    }

    /// <summary>What is to be said when a query gives other columns.</summary>
    public ConnectorException Changed(IEnumerable<string> running) => ConnectorException.External(
        $"The columns of the query have changed since it was described: {string.Join(", ", running)} instead of {Signature}. "
        + "It is described and run anew.");

    /// <summary>The columns that a list of names means.</summary>
    /// <exception cref="ConnectorException">A name is not among them.</exception>
    public int[] Find(IReadOnlyList<string> names, string option) => [.. names.Select(name =>
        Find(column => column.ColumnName.Equals(name, StringComparison.OrdinalIgnoreCase)) is >= 0 and var index
            ? index
            : throw ConnectorException.User(
                $"The column '{name}' of the option {option} is not among the columns of the query "
                    + $"({string.Join(", ", Schema.Names)})."))];

    private int Find(Func<DbColumn, bool> matches) =>
        Columns.Select((column, index) => matches(column) ? index : -1).FirstOrDefault(index => index >= 0, -1);
}
