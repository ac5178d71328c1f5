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
        _key = shape.Find(session.Options.Key, "key");
        if (State.Key is { } reached && _key.Where((column, index) => !IsOfKind(shape.Formats[column], reached[index])).Any())
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw ConnectorException.User(
                $"A column of the key ({string.Join(", ", session.Options.Key)}) has changed its type in the middle of a full load: the rows "
                + "have another order now, and some would be left out. Start over with --fresh.");
        }

        _pageRows = 0;
        _page = await session.StartAsync(
            connection, session.Query.Page(shape, _key, State.Key, PageRows), shape, stop).ConfigureAwait(false);
    }

    private async Task FillAsync(RecordBatch batch, CancellationToken stop)
    {
        var isEnd = false;
        CursorValue[]? last = null;
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
                throw ConnectorException.User(
                    $"Two rows have the same key ({string.Join(", ", session.Options.Key)}): where a page ends between them, the second "
                    + "would be left out. Choose a primary key, or leave the option key out.");
            }

            _previous = hash;
            last = Array.ConvertAll(_key, _page.Rows.CursorAt);
            if (last.Any(value => !value.IsBound))
            {
                throw ConnectorException.User(
                    $"A row has no usable value in its key ({string.Join(", ", session.Options.Key)}): it can't be told where to go on "
                    + "after it. Choose a primary key, or leave the option key out.");
            }
        }

        _pageRows += batch.RowCount;
        session.Metrics.CountRows(batch.RowCount);
        batch.BytesRead = batch.Length;
        if (last is not null)
        {
            State = State with { Rows = State.Rows + batch.RowCount, Key = last };
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

        if (last is not null || IsComplete)
        {
            batch.AdvanceTo(DatabaseSourceConnector.Split, new DatabasePosition(State));
        }
    }

    /// <summary>False when what was reached was a number and the column holds something else now, or the other way round.</summary>
    private bool IsOfKind(ColumnFormat format, CursorValue reached) =>
        session.Address.Dialect is SqliteDialect
        || format is ColumnFormat.Float or ColumnFormat.Double
        || (format.TypeOf() is FieldType.Int64 or FieldType.Decimal) == (reached.Kind == CursorKind.Number);
}
