using Npgsql.Replication;
using Npgsql.Replication.PgOutput;
using Npgsql.Replication.PgOutput.Messages;
using NpgsqlTypes;

namespace DataFlow.Connectors;

/// <summary>
/// Reads the log from a position on: cuts batches by size and time, writes marks when nothing else moves.
/// </summary>
internal sealed class ChangeReading : IAsyncDisposable
{
    private readonly DatabaseAddress _address;
    private readonly DatabaseSourceOptions _options;
    private readonly SourceContext _context;
    private readonly ChangeSlot _slot;
    private readonly ChangeLag _lag;
    private readonly ChangeStream _stream;
    private readonly CancellationTokenSource _ending = new();
    private readonly IAsyncEnumerator<PgOutputReplicationMessage> _messages;
    private Task<bool>? _moving;
    private NpgsqlLogSequenceNumber? _target;
    private long _opened;
    private long _marked;
    private bool _hasMarked;

    public ChangeReading(
        DatabaseAddress address, DatabaseSourceOptions options, SourceContext context, ChangeSlot slot, ChangeLag lag,
        LogicalReplicationConnection replication, ChangePosition position, IReadOnlyDictionary<string, HashSet<string>> keys)
    {
        _address = address;
        _options = options;
        _context = context;
        _slot = slot;
        _lag = lag;
        _stream = new ChangeStream(address, context, keys, position);
        _messages = replication.StartReplication(
            new PgOutputReplicationSlot(slot.Name),
            new PgOutputReplicationOptions(slot.Publication, PgOutputProtocolVersion.V1, binary: false, messages: true),
            _ending.Token,
            position.Lsn).GetAsyncEnumerator(_ending.Token);
    }

    /// <summary>The next batch; null after a stop, and when everything up to the start of the run is read if no more is wanted.</summary>
    public async Task<RecordBatch?> NextAsync(CancellationToken stop)
    {
        await _lag.ThrowIfDroppedAsync().ConfigureAwait(false);
        await MarkIfDueAsync(stop).ConfigureAwait(false);
        while (!stop.IsCancellationRequested)
        {
            await _lag.ThrowIfDroppedAsync().ConfigureAwait(false);
            if (_stream.TakeReady() is { } ready)
            {
                return ready;
            }

            if (IsAtTarget && _stream.TakeAll() is { } last)
            {
                return last;
            }

            if (IsAtTarget)
            {
                _context.CaughtUp();
                return null;
            }

            _moving ??= _messages.MoveNextAsync().AsTask();
            if (!_moving.IsCompleted && !await WaitAsync(stop).ConfigureAwait(false))
            {
                if (_stream is { HasRows: true, IsInTransaction: false } && _stream.TakeAll() is { } partial)
                {
                    return partial;
                }

                _context.CaughtUp();
                await MarkIfDueAsync(stop).ConfigureAwait(false);
                continue;
            }

            var move = _moving;
            _moving = null;
            if (!await MovedAsync(move).ConfigureAwait(false))
            {
                throw ConnectorException.External($"The server has ended the replication from {_address.Display}.");
            }

            var hadRows = _stream.HasRows;
            await _stream.TakeAsync(_messages.Current, _ending.Token).ConfigureAwait(false);
            _opened = hadRows ? _opened : _context.Time.GetTimestamp();
            if (_stream is { HasRows: true, IsInTransaction: false } && _context.Time.GetElapsedTime(_opened) >= _context.MaxLatency
                && _stream.TakeAll() is { } late)
            {
                return late;
            }
        }

        return null;
    }

    public async ValueTask DisposeAsync()
    {
        _stream.Discard();
        await _ending.CancelAsync().ConfigureAwait(false);
        if (_moving is { } moving)
        {
            await ((Task)moving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        try
        {
            await _messages.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is OperationCanceledException or System.Data.Common.DbException or IOException)
        {
            // It was cancelled, or the connection had broken.
        }

        _ending.Dispose();
    }

    private async Task<bool> MovedAsync(Task<bool> move)
    {
        try
        {
            return await move.ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is System.Data.Common.DbException or IOException)
        {
            await _lag.ThrowIfDroppedAsync().ConfigureAwait(false);
            throw;
        }
    }

    private bool IsAtTarget =>
        _context.Until == Until.CaughtUp && _target is { } target && !_stream.IsInTransaction && _stream.Reached >= target;

    /// <summary>Waits for a message; false when it is time for something else.</summary>
    private async Task<bool> WaitAsync(CancellationToken stop)
    {
        var limit = _stream is { HasRows: true, IsInTransaction: false } ? _context.MaxLatency
            : _options.HeartbeatInterval > TimeSpan.Zero ? _options.HeartbeatInterval
            : TimeSpan.FromMinutes(1);
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await Task.WhenAny(_moving!, Task.Delay(limit, _context.Time, timer.Token)).ConfigureAwait(false);
        await timer.CancelAsync().ConfigureAwait(false);
        return _moving!.IsCompleted;
    }

    /// <summary>
    /// Writes a mark, and looks how far behind we are. The first one also tells where the log ended when the run began.
    /// </summary>
    private async Task MarkIfDueAsync(CancellationToken stop)
    {
        if (stop.IsCancellationRequested
            || (_hasMarked
            && (_options.HeartbeatInterval == TimeSpan.Zero || _context.Time.GetElapsedTime(_marked) < _options.HeartbeatInterval)))
        {
            return;
        }

        var end = await _lag.CheckAsync(stop).ConfigureAwait(false);
        _target ??= end;
        if (_options.HeartbeatInterval > TimeSpan.Zero || !_hasMarked)
        {
            await _slot.MarkAsync(stop).ConfigureAwait(false);
        }

        _hasMarked = true;
        _marked = _context.Time.GetTimestamp();
    }
}
