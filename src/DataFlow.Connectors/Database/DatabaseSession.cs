using System.Data.Common;
using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>What the polls of one attempt share: the database, the query, the engine's side.</summary>
internal sealed class DatabaseSession(DatabaseAddress address, DatabaseSourceOptions options, SourceShare share, SourceContext context) : IDisposable
{
    private bool _isChecked;
    private string? _signature;

    public DatabaseAddress Address => address;

    public DatabaseSourceOptions Options => options;

    public SourceContext Context => context;

    /// <summary>Which rows are read.</summary>
    public SourceShare Share => share;

    public DatabaseMetrics Metrics { get; } = new(context);

    public SourceQuery Query { get; } = new(options, address.Dialect, share);

    /// <summary>Opens a connection; a failure is counted.</summary>
    public async Task<DbConnection> OpenAsync(CancellationToken stop)
    {
        try
        {
            return await address.OpenAsync(stop).ConfigureAwait(false);
        }
        catch (ConnectorException failure)
        {
            context.ReportConnectionError(failure);
            throw;
        }
    }

    /// <summary>
    /// Opens a connection and finds out what the query gives. Where a table can be altered between that and the query, a transaction
    /// is begun that keeps it as it is.
    /// </summary>
    public async Task<(DbConnection Connection, QueryShape Shape)> DescribeAsync(CancellationToken stop)
    {
        var connection = await OpenAsync(stop).ConfigureAwait(false);
        try
        {
            if (address.Dialect is PostgreSqlDialect)
            {
                await connection.ExecuteAsync("BEGIN", stop).ConfigureAwait(false);
            }

            var shape = await QueryShape.DescribeAsync(connection, Query.Plain(options.Start), address, stop).ConfigureAwait(false);
            if (options.IsIncremental)
            {
                shape = shape.WithCursor(options.IncrementalColumn, address.Dialect);
                CheckCursorType(shape);
            }

            if (_signature is not null && _signature != shape.Signature)
            {
                context.Logger.LogWarning("The columns of the query have changed: they are {Columns} now.", shape.Signature);
            }

            _signature = shape.Signature;
            if (!_isChecked)
            {
                await CheckTableAsync(shape, stop).ConfigureAwait(false);
                _isChecked = true;
            }

            context.Report(SourceHealth.Healthy, "");
            return (connection, shape);
        }
        catch (Exception failure)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            if (failure is DbException or IOException or TimeoutException or InvalidOperationException)
            {
                Metrics.CountQueryError();
                throw DatabaseFault.OfStatement(failure, address, null);
            }

            if (failure is ConnectorException)
            {
                Metrics.CountQueryError();
            }

            throw;
        }
    }

    /// <summary>Finds out what the query gives, and starts a statement that is made of it.</summary>
    public async Task<(RunningQuery Query, QueryShape Shape)> StartAsync(Func<QueryShape, SqlText> statement, CancellationToken stop)
    {
        var (connection, shape) = await DescribeAsync(stop).ConfigureAwait(false);
        SqlText sql;
        try
        {
            sql = statement(shape);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        return (await StartAsync(connection, sql, shape, stop).ConfigureAwait(false), shape);
    }

    /// <summary>Starts a query on a connection, which is taken over.</summary>
    public Task<RunningQuery> StartAsync(DbConnection connection, SqlText sql, QueryShape shape, CancellationToken stop) =>
        RunningQuery.StartAsync(
            address, connection, sql, shape,
            new QueryLimits(options.FetchSize, options.QueryTimeoutSeconds), Metrics.CountQueryError, stop);

    /// <summary>Where the very first poll starts, as the column holds it.</summary>
    public CursorValue StartFor(QueryShape shape)
    {
        var start = options.Start;
        if (address.Dialect is not SqliteDialect || start.Kind != CursorKind.Moment)
        {
            return start;
        }

        // SQLite has no type for moments: a column of numbers holds Unix seconds, any other the text itself.
        return shape.Formats[shape.Cursor] is ColumnFormat.Int64 or ColumnFormat.Double
            ? CursorValue.OfNumber((decimal)start.ToGauge())
            : CursorValue.OfText(options.StartTime.Trim());
    }

    public void Dispose() => Metrics.Dispose();

    private void CheckCursorType(QueryShape shape)
    {
        if (address.Dialect is SqliteDialect)
        {
            return;
        }

        var column = shape.Columns[shape.Cursor];
        var isNumber = shape.Formats[shape.Cursor]
            is ColumnFormat.Int16 or ColumnFormat.Int32 or ColumnFormat.Int64 or ColumnFormat.UInt64
            or ColumnFormat.Decimal or ColumnFormat.MySqlDecimal or ColumnFormat.MySqlYear;
        var isMoment = shape.Formats[shape.Cursor]
            is ColumnFormat.Date or ColumnFormat.Timestamp or ColumnFormat.TimestampTz
            or ColumnFormat.MySqlDate or ColumnFormat.MySqlMoment;
        if (options.IncrementalType == IncrementalType.Id && !isNumber)
        {
            throw ConnectorException.User(
                $"The incremental-column '{column.ColumnName}' is of type {column.DataTypeName}; with incremental-type: id it "
                    + $"must be a number. "
                + (isMoment ? "Write incremental-type: timestamp." : "Choose another column."));
        }

        if (options.IncrementalType == IncrementalType.Timestamp && !isMoment)
        {
            throw ConnectorException.User(
                $"The incremental-column '{column.ColumnName}' is of type {column.DataTypeName}; with incremental-type: timestamp "
                    + $"it must be a date "
                + $"or a timestamp. {(isNumber ? "Write incremental-type: id." : "Choose another column, or cast it in the query.")}");
        }
    }

    /// <summary>Says at the start what would be found out too late: rows without a cursor, a column without an index.</summary>
    private async Task CheckTableAsync(QueryShape shape, CancellationToken stop)
    {
        if (shape.Cursor < 0 || shape.Columns[shape.Cursor] is not { BaseTableName.Length: > 0, BaseColumnName.Length: > 0 } column)
        {
            return;
        }

        var table = string.IsNullOrEmpty(column.BaseSchemaName)
            ? column.BaseTableName
            : $"\"{column.BaseSchemaName}\".\"{column.BaseTableName}\"";
        var connection = await OpenAsync(stop).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            if (options.NullCursor != NullCursorPolicy.Exclude && column.AllowDBNull != false
                && await HasNullsAsync(connection, table, column, stop).ConfigureAwait(false))
            {
                await CheckNullsAsync(shape, table, column, stop).ConfigureAwait(false);
            }

            if (await address.Dialect.IsIndexedAsync(connection, table, column.BaseColumnName, stop).ConfigureAwait(false) == false)
            {
                context.Logger.LogWarning(
                    "Slow query performance: {Table} has no index that begins with {Column}, so that each poll looks at the whole "
                        + "table. Add one: CREATE INDEX ON {Table} ({Column}).",
                    table, column.BaseColumnName, table, column.BaseColumnName);
            }
        }
    }

    private async Task CheckNullsAsync(QueryShape shape, string table, DbColumn column, CancellationToken stop)
    {
        if (options.NullCursor == NullCursorPolicy.Error)
        {
            throw ConnectorException.User(
                $"Incremental sync not progressing: {table} has rows without a value in {column.BaseColumnName}, and no poll would "
                + "ever read them. Give them a value, or write null-cursor: include-first to read those that are there once, or "
                + "null-cursor: exclude if they may be left out.");
        }

        var cursor = QueryShape.Of([shape.Columns[shape.Cursor]], address.Dialect);
        var query = await StartAsync(
            await OpenAsync(stop).ConfigureAwait(false), Query.AnyNull(shape, StartFor(shape)), cursor, stop).ConfigureAwait(false);
        await using (query.ConfigureAwait(false))
        {
            if (!await query.ReadAsync(stop).ConfigureAwait(false) && !stop.IsCancellationRequested)
            {
                throw ConnectorException.User(
                    $"{table} has rows without a value in {column.BaseColumnName}, but the query gives none of them, so that "
                    + $"null-cursor: include-first can't read them. Write WHERE {options.IncrementalColumn} > ? OR "
                    + $"{options.IncrementalColumn} IS NULL, or null-cursor: exclude if they may be left out.");
            }
        }
    }

    private async Task<bool> HasNullsAsync(DbConnection connection, string table, DbColumn column, CancellationToken stop)
    {
        var name = address.Dialect.Quote(column.BaseColumnName!);
        var sql = address.Dialect.First($"SELECT 1 FROM {address.Dialect.QuoteTable(table)} WHERE {name} IS NULL ORDER BY {name}", 1);
        return await connection.ScalarAsync(sql, stop, timeoutSeconds: options.QueryTimeoutSeconds).ConfigureAwait(false) is not null;
    }
}
