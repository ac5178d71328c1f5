namespace DataFlow.Connectors;

/// <summary>Follows connections and sequence numbers, and says what was missed. One caller at a time.</summary>
internal sealed class GapLedger
{
    private readonly TimeSpan? _deafFor;
    private readonly bool _hasSequence;
    private long? _sequence;
    private DateTimeOffset? _received;
    private DateTimeOffset? _connected;
    private (DateTimeOffset From, DateTimeOffset? To, string Reason)? _open;

    /// <param name="options">Say what is known about messages.</param>
    /// <param name="start">Where the stream goes on.</param>
    public GapLedger(WebSocketSourceOptions options, StreamPlace start)
    {
        _deafFor = options.HeartbeatInterval > TimeSpan.Zero ? options.HeartbeatInterval + options.HeartbeatTimeout : null;
        _hasSequence = options.SequencePath.Length > 0;
        (_sequence, _received) = (start.Sequence, start.Received);
        _open = start.Received is { } received ? (received, null, "The source was not running.") : null;
    }

    /// <summary>When the last message came.</summary>
    public DateTimeOffset? Received => _received;

    /// <summary>A connection has ended. A dead one is noticed late, so that the gap may have begun before.</summary>
    public void Ended(DateTimeOffset now, string reason)
    {
        if (_open is { } open)
        {
            _open = (open.From, null, open.Reason);
            return;
        }

        if (_connected is not { } connected)
        {
            // There was nothing to miss yet.
            return;
        }

        var from = _received > connected ? _received.Value : connected;
        if (_deafFor is { } deaf && now - deaf > from)
        {
            from = now - deaf;
        }

        _open = (from, null, reason);
    }

    /// <summary>A connection is open.</summary>
    /// <returns>The gap that ends here; null when there is none, or the next sequence number has to be waited for.</returns>
    public SourceGap? Connected(DateTimeOffset now)
    {
        _connected = now;
        if (_open is not { } open)
        {
            return null;
        }

        _open = (open.From, now, open.Reason);
        return _hasSequence ? null : Close(now, next: null);
    }

    /// <summary>A message has come.</summary>
    /// <param name="sequence">Its number; null when it has none.</param>
    /// <param name="received">When it came.</param>
    /// <returns>The gap before it; null when there is none.</returns>
    public SourceGap? Follow(long? sequence, DateTimeOffset received)
    {
        SourceGap? gap = null;
        if (sequence is { } next)
        {
            if (_open is { } open)
            {
                gap = Close(open.To ?? received, next);
            }
            else if (_sequence is { } last && next > last + 1)
            {
                gap = new SourceGap(_received ?? received, received, last, next, next - last - 1, "The server left numbers out.");
            }

            _sequence = next;
        }

        _received = received;
        return gap;
    }

    private SourceGap Close(DateTimeOffset to, long? next)
    {
        var open = _open!.Value;
        _open = null;
        long? missing = next is { } number && _sequence is { } last ? Math.Max(0, number - last - 1) : null;
        return new SourceGap(open.From, to, _sequence, next, missing, open.Reason);
    }
}
