namespace DataFlow.Connectors;

/// <summary>Reads the whole query in pages, in the order of a key: after a restart it goes on behind the last key.</summary>
internal sealed class KeysetPoll(DatabaseSession session, QueryState state) : IPoll
{
    private const int PageRows = 50_000;

    private readonly DatabaseBatches _batches = new(session.Context, session.Address, $"{DatabaseSourceConnector.Split}/{state.Load}");
    private readonly long _started = session.Context.Time.GetTimestamp();
    private RunningQuery? _page;
    private QueryShape? _shape;
    private int[] _key = [];
    private CursorValue[] _reached = [];
    private int _pageRows;
    private UInt128? _previous;

    public bool IsComplete { get; private set; }

    public QueryState State { get; private set; } = state;

    public async ValueTask<RecordBatch?> NextAsync(CancellationToken stop)
    {
        while (!IsComplete && !stop.IsCancellationRequested)
        {
            if (_page is null)
            {
                await StartPageAsync(stop).ConfigureAwait(false);
            }

            var batch = _batches.Begin(_shape!);
            try
            {
                await FillAsync(batch, stop).ConfigureAwait(false);
            }
            catch
            {
                batch.Release();
                throw;
            }

            if (batch.Advances.Count > 0)
            {
                return batch;
            }

            batch.Release();
        }

        return null;
    }

    public ValueTask DisposeAsync() => _page?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task StartPageAsync(CancellationToken stop)
    {
        var (connection, shape) = await session.DescribeAsync(stop).ConfigureAwait(false);
        _shape = shape;
        SqlText page;
        try
        {
            _key = shape.Find(session.Options.Key, "key");
            await CheckEdgeAsync(shape, stop).ConfigureAwait(false);
            page = session.Query.Page(shape, _key, State.Key, PageRows);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        _pageRows = 0;
        _reached = new CursorValue[_key.Length];
        _page = await session.StartAsync(connection, page, shape, stop).ConfigureAwait(false);
    }

    /// <summary>
    /// Makes sure that nothing is left out where the last page, or the last run, has ended. The database says which keys are equal:
    /// for a collation, <c>a</c> and <c>A</c> may be, which the rows within a page don't show.
    /// </summary>
    private async Task CheckEdgeAsync(QueryShape shape, CancellationToken stop)
    {
        if (State.Key is not { } reached)
        {
            return;
        }

        if (_key.Where((column, index) => !IsOfKind(shape.Formats[column], reached[index])).Any())
        {
            throw ConnectorException.User(
                $"A column of the key ({string.Join(", ", session.Options.Key)}) has changed its type in the middle of a full load: the rows "
                + "have another order now, and some would be left out. Start over with --fresh.");
        }

        var twins = await session.StartAsync(
            await session.OpenAsync(stop).ConfigureAwait(false), session.Query.Twins(shape, _key, reached),
            QueryShape.Of([shape.Columns[_key[0]]], session.Address.Dialect), stop).ConfigureAwait(false);
        await using (twins.ConfigureAwait(false))
        {
            if (await twins.ReadAsync(stop).ConfigureAwait(false) && await twins.ReadAsync(stop).ConfigureAwait(false))
            {
                throw SameKey();
            }
        }

        stop.ThrowIfCancellationRequested();
    }

    private ConnectorException SameKey() => ConnectorException.User(
        $"Two rows have the same key ({string.Join(", ", session.Options.Key)}): where a page ends between them, the second "
        + "would be left out. Choose a primary key, or leave the option key out.");

    private async Task FillAsync(RecordBatch batch, CancellationToken stop)
    {
        var isEnd = false;
        while (!_batches.IsFull(batch))
        {
            if (!await _page!.ReadAsync(stop).ConfigureAwait(false))
            {
                isEnd = !stop.IsCancellationRequested;
                break;
            }

            _page.Rows.AppendTo(batch);
            var hash = DatabaseBatches.HashLast(batch, cursor: -1, _key);
            batch.SetKey(batch.RowCount - 1, hash);
            if (hash == _previous)
            {
                throw SameKey();
            }

            _previous = hash;
            if (!TryReach(_page.Rows))
            {
                throw ConnectorException.User(
                    $"A row has no usable value in its key ({string.Join(", ", session.Options.Key)}): it can't be told where to go on "
                    + "after it. Choose a primary key, or leave the option key out.");
            }
        }

        _pageRows += batch.RowCount;
        session.Metrics.CountRows(batch.RowCount);
        batch.BytesRead = batch.Length;
        if (batch.RowCount > 0)
        {
            State = State with { Rows = State.Rows + batch.RowCount, Key = [.. _reached] };
        }

        if (isEnd)
        {
            await _page!.DisposeAsync().ConfigureAwait(false);
            _page = null;
            if (_pageRows < PageRows)
            {
                IsComplete = true;
                session.Metrics.CountQuery(session.Context.Time.GetElapsedTime(_started));
                State = State with { Load = State.Load + 1, Key = null };
            }
        }

        if (batch.RowCount > 0 || IsComplete)
        {
            batch.AdvanceTo(DatabaseSourceConnector.Split, new DatabasePosition(State));
        }
    }

    /// <summary>Notes the key of the current row; false when nothing can be read behind it.</summary>
    private bool TryReach(IRowReader rows)
    {
        for (var index = 0; index < _key.Length; index++)
        {
            _reached[index] = rows.CursorAt(_key[index]);
            if (!_reached[index].IsBound)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// False when what was reached was a number and the column holds something else now, or the other way round. Not every column
    /// tells what its values are.
    /// </summary>
    private bool IsOfKind(ColumnFormat format, CursorValue reached) =>
        session.Address.Dialect is SqliteDialect
        || format is ColumnFormat.Float or ColumnFormat.Double or ColumnFormat.Bits or ColumnFormat.Dynamic
        || (format.TypeOf() is FieldType.Int64 or FieldType.Decimal) == (reached.Kind == CursorKind.Number);
}
