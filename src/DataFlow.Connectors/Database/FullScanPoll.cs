namespace DataFlow.Connectors;

/// <summary>
/// Reads the whole query, in no order that we know: there is no place to restart before its end. With every poll all rows come anew.
/// </summary>
internal sealed class FullScanPoll : IPoll
{
    private readonly DatabaseSession _session;
    private readonly DatabaseBatches _batches;
    private readonly QueryShape _shape;
    private readonly RunningQuery _query;
    private readonly long _started;
    private long _row;

    private FullScanPoll(DatabaseSession session, QueryState state, QueryShape shape, RunningQuery query)
    {
        _session = session;
        _shape = shape;
        _query = query;
        _started = session.Context.Time.GetTimestamp();
        _batches = new DatabaseBatches(session.Context, session.Address, $"{DatabaseSourceConnector.Split}/{state.Load}");
        State = state;
    }

    public bool IsComplete { get; private set; }

    public QueryState State { get; private set; }

    /// <summary>Starts the query.</summary>
    public static async Task<FullScanPoll> StartAsync(DatabaseSession session, QueryState state, CancellationToken stop)
    {
        var (connection, shape) = await session.DescribeAsync(stop).ConfigureAwait(false);
        return new FullScanPoll(session, state, shape, await session.StartAsync(connection, session.Query.All(shape), shape, stop).ConfigureAwait(false));
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
            while (!_batches.IsFull(batch, _shape) && await _query.ReadAsync(stop).ConfigureAwait(false))
            {
                _query.Rows.AppendTo(batch);
                batch.SetPosition(batch.RowCount - 1, _row++);
            }
        }
        catch
        {
            batch.Release();
            throw;
        }

        if (!_batches.IsFull(batch, _shape) && !stop.IsCancellationRequested)
        {
            IsComplete = true;
            _session.Metrics.CountQuery(_session.Context.Time.GetElapsedTime(_started));
            State = State with { Rows = State.Rows + _row, Load = State.Load + 1 };
            batch.AdvanceTo(DatabaseSourceConnector.Split, new DatabasePosition(State));
        }

        _session.Metrics.CountRows(batch.RowCount);
        batch.BytesRead = batch.Length;
        return batch;
    }

    public ValueTask DisposeAsync() => _query.DisposeAsync();
}
