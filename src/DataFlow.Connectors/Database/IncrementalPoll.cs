using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>
/// Reads everything from the lower bound on, in the order of the cursor, and leaves out what was delivered before. The bound itself
/// is read again, so that rows with the same cursor are never cut apart; and it rises only over what can't change any more.
/// </summary>
internal sealed class IncrementalPoll : IPoll
{
    private readonly DatabaseSession _session;
    private readonly DatabaseBatches _batches;
    private readonly SeenWindow _window;
    private readonly CommitHorizon _horizon;
    private readonly QueryShape _shape;
    private readonly RunningQuery _query;
    private readonly int[] _key;
    private readonly CursorValue _final;
    private readonly long _started;
    private CursorValue _last;
    private bool _ended;

    private IncrementalPoll(
        DatabaseSession session, QueryState state, SeenWindow window, CommitHorizon horizon, CursorValue final, QueryShape shape,
        int[] key, RunningQuery query)
    {
        _session = session;
        _window = window;
        _horizon = horizon;
        _final = final;
        _shape = shape;
        _key = key;
        _query = query;
        _started = session.Context.Time.GetTimestamp();
        _batches = new DatabaseBatches(session.Context, session.Address, DatabaseSourceConnector.Split);
        State = state;
    }

    public bool IsComplete { get; private set; }

    public QueryState State { get; private set; }

    /// <summary>Rows that were not there before.</summary>
    public long NewRows { get; private set; }

    /// <summary>Finds out what is final by now and starts the query.</summary>
    /// <param name="session">The database.</param>
    /// <param name="state">Where the last poll has got to.</param>
    /// <param name="window">What was delivered above the lower bound.</param>
    /// <param name="horizon">Tells what is final.</param>
    /// <param name="looksAhead">
    /// Asks for the highest cursor first: when many rows are to be expected, most of them are final then and needn't be remembered.
    /// </param>
    /// <param name="stop">A stop.</param>
    public static async Task<IncrementalPoll> StartAsync(
        DatabaseSession session, QueryState state, SeenWindow window, CommitHorizon horizon, bool looksAhead, CancellationToken stop)
    {
        var final = CursorValue.None;
        if (state.Pending is { } pending)
        {
            var reviewed = await horizon.ReviewAsync(pending, stop).ConfigureAwait(false);
            final = reviewed is null ? pending.High : final;
            state = state with { Pending = reviewed };
        }

        if (looksAhead && state.Pending is null)
        {
            var highest = await HighestAsync(session, state, stop).ConfigureAwait(false);
            if (highest.IsBound && highest > final && highest >= state.Lower)
            {
                var captured = await horizon.CaptureAsync(highest, stop).ConfigureAwait(false);
                var reviewed = await horizon.ReviewAsync(captured, stop).ConfigureAwait(false);
                final = reviewed is null ? highest : final;
                state = state with { Pending = reviewed };
            }
        }

        int[] key = [];
        var (query, shape) = await session.StartAsync(
            shape => session.Query.From(shape, state.Lower, session.StartFor(shape), key = shape.Find(session.Options.Key, "key")), stop)
            .ConfigureAwait(false);
        window.BeginPoll();
        return new IncrementalPoll(session, state, window, horizon, final, shape, key, query);
    }

    public async ValueTask<RecordBatch?> NextAsync(CancellationToken stop)
    {
        while (!_ended && !stop.IsCancellationRequested)
        {
            var batch = _batches.Begin(_shape);
            var before = State;
            try
            {
                _ended = !await FillAsync(batch, stop).ConfigureAwait(false);
                RaiseLower(_last);
                if (_ended && !stop.IsCancellationRequested)
                {
                    await EndAsync(stop).ConfigureAwait(false);
                }
            }
            catch
            {
                batch.Release();
                throw;
            }

            // Rows at the bound come again with every poll: they are no news.
            if (batch.RowCount > 0 || State != before)
            {
                Advance(batch);
                return batch;
            }

            batch.Release();
        }

        return null;
    }

    public ValueTask DisposeAsync() => _query.DisposeAsync();

    private static async Task<CursorValue> HighestAsync(DatabaseSession session, QueryState state, CancellationToken stop)
    {
        var (connection, shape) = await session.DescribeAsync(stop).ConfigureAwait(false);
        var sql = session.Query.Highest(shape, state.Lower, session.StartFor(shape));
        var query = await session.StartAsync(
            connection, sql, QueryShape.Of([shape.Columns[shape.Cursor]], session.Address.Dialect), stop).ConfigureAwait(false);
        await using (query.ConfigureAwait(false))
        {
            return await query.ReadAsync(stop).ConfigureAwait(false) ? query.Rows.CursorAt(0) : CursorValue.None;
        }
    }

    private void Advance(RecordBatch batch)
    {
        foreach (var (index, position) in _window.TakeChanged())
        {
            batch.AdvanceTo(DatabaseSourceConnector.SeenSplit(index), position);
        }

        batch.AdvanceTo(DatabaseSourceConnector.Split, new DatabasePosition(State));
        batch.BytesRead = batch.Length;
        _session.Metrics.SetWatermark(State.Highest);
    }

    /// <summary>Reads until the batch is full; false when there is no more.</summary>
    private async Task<bool> FillAsync(RecordBatch batch, CancellationToken stop)
    {
        var fetched = 0;
        try
        {
            while (!_batches.IsFull(batch) && fetched < 100_000)
            {
                if (!await _query.ReadAsync(stop).ConfigureAwait(false))
                {
                    return false;
                }

                fetched++;
                Take(batch);
                if (_window.Count >= _session.Options.MaxWindow && _last > _final)
                {
                    return false;
                }
            }

            return true;
        }
        finally
        {
            _session.Metrics.CountRows(fetched);
        }
    }

    private void Take(RecordBatch batch)
    {
        var length = batch.Length;
        _query.Rows.AppendTo(batch);
        var cursor = _query.Rows.CursorAt(_shape.Cursor);
        var hash = DatabaseBatches.HashLast(batch, _shape.Cursor, _key);
        _last = cursor.IsBound ? cursor : _last;
        if (!_window.TryAdd(hash, cursor, out var ordinal))
        {
            batch.RemoveLastRow();
            batch.Length = length;
            batch.Deduplicated++;
            return;
        }

        batch.SetKey(batch.RowCount - 1, hash + (uint)ordinal);
        NewRows++;
        State = State with
        {
            Rows = State.Rows + 1,
            Highest = cursor.IsBound && cursor > State.Highest ? cursor : State.Highest,
        };
    }

    /// <summary>What was read in order and is final needn't be read again.</summary>
    private void RaiseLower(CursorValue reached)
    {
        var bound = reached < _final ? reached : _final;
        if (bound.IsBound && bound > State.Lower)
        {
            State = State with { Lower = bound };
            _window.ForgetBelow(bound);
        }
    }

    private async Task EndAsync(CancellationToken stop)
    {
        // A window that is full ends the poll before the rows do.
        IsComplete = _window.Count < _session.Options.MaxWindow || _last <= _final;
        _session.Metrics.CountQuery(_session.Context.Time.GetElapsedTime(_started));
        await _query.DisposeAsync().ConfigureAwait(false);
        RaiseLower(IsComplete ? _final : _last);
        if (State.Pending is null && _last.IsBound && _last > State.Lower)
        {
            State = State with { Pending = await _horizon.CaptureAsync(_last, stop).ConfigureAwait(false) };
        }

        if (!IsComplete)
        {
            var reason = $"{_window.Count} rows are remembered, as many as max-window allows, until {_horizon.Description} "
                + $"lets them be final";
            _session.Context.Report(SourceHealth.Waiting, reason);
            _session.Context.Logger.LogWarning("Reading waits: {Reason}.", reason);
        }
    }
}
