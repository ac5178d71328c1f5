namespace DataFlow.Connectors;

/// <summary>The user's query and the statements that are made of it. Immutable.</summary>
internal sealed class SourceQuery
{
    private readonly QueryTemplate _template;
    private readonly Dialect _dialect;
    private readonly ShareCondition _share;

    /// <param name="options">Query and incremental column.</param>
    /// <param name="dialect">The database's ways.</param>
    /// <param name="share">Which rows are read.</param>
    /// <exception cref="ConnectorException">The query can't be used for what the options ask for.</exception>
    public SourceQuery(DatabaseSourceOptions options, Dialect dialect, SourceShare share)
    {
        _dialect = dialect;
        _share = new ShareCondition(share, options.Key, dialect);
        _template = QueryTemplate.Parse(options.Query, dialect.Syntax);
        if (options.IsIncremental && _template.Placeholders != 1)
        {
            throw ConnectorException.User(
                _template.Placeholders == 0
                    ? $"Incremental sync not progressing: the query has no ? placeholder, so it could never go on. Add WHERE "
                        + $"{options.IncrementalColumn} > ?."
                    : $"The query has {_template.Placeholders} placeholders, and only one can be the last value of "
                        + $"{options.IncrementalColumn}. "
                    + "A question mark of SQL is written ??.");
        }

        if (!options.IsIncremental && _template.Placeholders > 0)
        {
            throw ConnectorException.User(
                "The query has a ? placeholder but there is no incremental-column to fill it from. Name the column, or write ?? for a "
                + "question mark of SQL.");
        }

        if ((options.IsIncremental || options.Key.Count > 0) && _template.Limit is { } limit)
        {
            throw ConnectorException.User(
                $"The query has a {limit}, which can leave rows out for ever: those beyond it, when later ones have moved the "
                    + $"cursor. Remove "
                + "it; rows are streamed, and batch-size and fetch-size bound what is held.");
        }

        if (!dialect.OrdersInside && (options.IsIncremental || options.Key.Count > 0))
        {
            _template = _template.WithoutOrder();
        }
    }

    /// <summary>The query as the user wrote it.</summary>
    public SqlText Plain(CursorValue value) => new SqlTextBuilder().Add(_template, value).Build();

    /// <summary>The whole query.</summary>
    public SqlText All(QueryShape shape) =>
        new SqlTextBuilder().Add($"SELECT {_dialect.SelectList(shape)} FROM (\n").Add(_template, CursorValue.None).Add("\n) q")
            .Add(_share.After(" WHERE ", shape)).Build();

    /// <summary>The rows from a bound on, the bound included, in the cursor's order.</summary>
    /// <param name="shape">With the incremental column.</param>
    /// <param name="lower">The bound; none for the very first rows.</param>
    /// <param name="start">What the placeholder is bound to where there is no bound.</param>
    /// <param name="key">Columns that decide the order among equal cursors.</param>
    public SqlText From(QueryShape shape, CursorValue lower, CursorValue start, int[] key) =>
        Inside(new SqlTextBuilder().Add($"SELECT {_dialect.SelectList(shape)}"), shape, lower, start)
            .Add($" ORDER BY {string.Join(", ", key.Prepend(shape.Cursor).Distinct().Select(column => Column(shape, column)))}")
            .Build();

    /// <summary>The rows without a cursor, as far as the user's condition lets them through.</summary>
    public SqlText Nulls(QueryShape shape, CursorValue start) =>
        Nulls(shape, start, _dialect.SelectList(shape)).Add(_share.After(" AND ", shape)).Build();

    /// <summary>One row, of nothing but the cursor, if there are any without one.</summary>
    public SqlText AnyNull(QueryShape shape, CursorValue start) =>
        Nulls(shape, start, Column(shape, shape.Cursor)).Add(_dialect.First($" ORDER BY {Column(shape, shape.Cursor)}", 1)).Build();

    /// <summary>The highest cursor that there is now.</summary>
    public SqlText Highest(QueryShape shape, CursorValue lower, CursorValue start) =>
        Inside(new SqlTextBuilder().Add($"SELECT max({Column(shape, shape.Cursor)}) AS {Name(shape, shape.Cursor)}"), shape, lower, start).Build();

    /// <summary>The rows behind a key, in the key's order, no more than a page of them.</summary>
    public SqlText Page(QueryShape shape, int[] key, IReadOnlyList<CursorValue>? after, int rows)
    {
        var sql = new SqlTextBuilder().Add($"SELECT {_dialect.SelectList(shape)} FROM (\n").Add(_template, CursorValue.None).Add("\n) q");
        if (after is not null)
        {
            // (a, b) > (1, 2), written out because not every database compares tuples.
            sql.Add(" WHERE (");
            for (var length = 1; length <= key.Length; length++)
            {
                sql.Add(length == 1 ? "(" : " OR (");
                for (var index = 0; index < length; index++)
                {
                    sql.Add($"{(index == 0 ? "" : " AND ")}{Column(shape, key[index])} "
                        + $"{(index == length - 1 ? ">" : "=")} ").Add(after[index]);
                }

                sql.Add(")");
            }

            sql.Add(")");
        }

        sql.Add(_share.After(after is null ? " WHERE " : " AND ", shape));
        var order = string.Join(", ", key.Select(column => Column(shape, column)));
        return sql.Add(_dialect.First($" ORDER BY {order}", rows)).Build();
    }

    /// <summary>Two rows with a key, of nothing but its first column, if there are as many.</summary>
    public SqlText Twins(QueryShape shape, int[] key, IReadOnlyList<CursorValue> values)
    {
        var sql = new SqlTextBuilder().Add($"SELECT {Column(shape, key[0])} FROM (\n").Add(_template, CursorValue.None).Add("\n) q");
        for (var index = 0; index < key.Length; index++)
        {
            sql.Add($"{(index == 0 ? " WHERE" : " AND")} {Column(shape, key[index])} = ").Add(values[index]);
        }

        return sql.Add(_dialect.First($" ORDER BY {Column(shape, key[0])}", 2)).Build();
    }

    private SqlTextBuilder Nulls(QueryShape shape, CursorValue start, string select) =>
        new SqlTextBuilder().Add($"SELECT {select} FROM (\n").Add(_template, start)
            .Add($"\n) q WHERE {Column(shape, shape.Cursor)} IS NULL");

    private SqlTextBuilder Inside(SqlTextBuilder sql, QueryShape shape, CursorValue lower, CursorValue start)
    {
        // The user's own condition is > or >=: a bound below ours lets through what ours then decides.
        sql.Add(" FROM (\n").Add(_template, lower.IsBound ? lower.Below() : start).Add($"\n) q WHERE {Column(shape, shape.Cursor)} ");
        sql = lower.IsBound ? sql.Add(">= ").Add(lower) : sql.Add("IS NOT NULL");
        return sql.Add(_share.After(" AND ", shape));
    }

    private string Column(QueryShape shape, int column) => $"q.{Name(shape, column)}";

    private string Name(QueryShape shape, int column) => _dialect.Quote(shape.Schema.Names[column]);
}
