namespace DataFlow.Connectors;

/// <summary>
/// Reads the whole query, in no order that we know: there is no place to restart before its end. With every poll all rows come anew.
/// The rows without a cursor are read in the same way, but only once.
/// </summary>
internal sealed class FullScanPoll : IPoll
{
    private readonly DatabaseSession _session;
    private readonly DatabaseBatches _batches;
    private readonly QueryShape _shape;
    private readonly RunningQuery _query;
    private readonly QueryState _after;
    private readonly long _started;
    private long _row;

    private FullScanPoll(
        DatabaseSession session, QueryState state, QueryState after, string load, QueryShape shape, RunningQuery query)
    {
        _after = after;
        _session = session;
        _shape = shape;
        _query = query;
        _started = session.Context.Time.GetTimestamp();
        _batches = new DatabaseBatches(session.Context, session.Address, $"{DatabaseSourceConnector.Split}/{load}");
        State = state;
    }

    public bool IsComplete { get; private set; }

    public QueryState State { get; private set; }

    /// <summary>Starts the query.</summary>
    public static async Task<FullScanPoll> StartAsync(DatabaseSession session, QueryState state, CancellationToken stop)
    {
        var (query, shape) = await session.StartAsync(session.Query.All, stop).ConfigureAwait(false);
        return new FullScanPoll(session, state, state with { Load = state.Load + 1 }, $"{state.Load}", shape, query);
    }

    /// <summary>Starts the query for the rows without a cursor.</summary>
    public static async Task<FullScanPoll> StartNullsAsync(DatabaseSession session, QueryState state, CancellationToken stop)
    {
        var (query, shape) = await session.StartAsync(shape => session.Query.Nulls(shape, session.StartFor(shape)), stop).ConfigureAwait(false);

        // The rows are named by their number: those of another instance must not have the same names.
        var load = session.Share.IsWhole ? "nulls" : $"nulls/{session.Share}";
        return new FullScanPoll(session, state, state with { HasReadNulls = true }, load, shape, query);
    }

    public async ValueTask<RecordBatch?> NextAsync(CancellationToken stop)
    {
        if (IsComplete || stop.IsCancellationRequested)
        {
            return null;
        }

        var batch = _batches.Begin(_shape);
        try
        {
            while (!_batches.IsFull(batch) && await _query.ReadAsync(stop).ConfigureAwait(false))
            {
                _query.Rows.AppendTo(batch);
                batch.SetPosition(batch.RowCount - 1, _row);
                batch.SetKey(batch.RowCount - 1, DatabaseBatches.NameOfLast(batch, _row++));
            }
        }
        catch
        {
            batch.Release();
            throw;
        }

        if (!_batches.IsFull(batch) && !stop.IsCancellationRequested)
        {
            IsComplete = true;
            _session.Metrics.CountQuery(_session.Context.Time.GetElapsedTime(_started));
            State = _after with { Rows = _after.Rows + _row };
            batch.AdvanceTo(DatabaseSourceConnector.Split, new DatabasePosition(State));
        }

        _session.Metrics.CountRows(batch.RowCount);
        batch.BytesRead = batch.Length;
        return batch;
    }

    public ValueTask DisposeAsync() => _query.DisposeAsync();
}
