namespace DataFlow.Connectors;

/// <summary>Follows connections and sequence numbers, and says what was missed. One caller at a time.</summary>
internal sealed class GapLedger
{
    private readonly bool _hasSequence;
    private long? _sequence;
    private DateTimeOffset? _heardUpTo;
    private (DateTimeOffset From, DateTimeOffset? To, string Reason)? _open;

    /// <param name="options">Say what is known about messages.</param>
    /// <param name="start">Where the stream goes on.</param>
    public GapLedger(WebSocketSourceOptions options, StreamPlace start)
    {
        _hasSequence = options.SequencePath.Length > 0;
        (_sequence, _heardUpTo) = (start.Sequence, start.HeardUpTo);
        _open = start.HeardUpTo is { } heard ? (heard, null, "The source was not running.") : null;
    }

    /// <summary>A connection has ended.</summary>
    /// <param name="heardUpTo">What came later may be lost with it.</param>
    /// <param name="reason">A sentence.</param>
    public void Ended(DateTimeOffset heardUpTo, string reason) =>
        _open = _open is { } open ? (open.From, null, open.Reason) : (heardUpTo, null, reason);

    /// <summary>A connection is open.</summary>
    /// <returns>The gap that ends here; null when there is none, or the next sequence number has to be waited for.</returns>
    public SourceGap? Connected(DateTimeOffset now)
    {
        if (_open is not { } open)
        {
            return null;
        }

        _open = (open.From, now, open.Reason);
        return _hasSequence ? null : Close(now, next: null);
    }

    /// <summary>The run ends.</summary>
    /// <param name="heardUpTo">With the last message; null when there was none.</param>
    /// <param name="now">It is known up to here.</param>
    /// <returns>The gap that the next run goes on with; null when there is none.</returns>
    public SourceGap? Unfinished(DateTimeOffset? heardUpTo, DateTimeOffset now)
    {
        if (_open is not { } open)
        {
            return null;
        }

        _open = (heardUpTo < open.From ? heardUpTo.Value : open.From, null, open.Reason);
        return Close(now, next: null);
    }

    /// <summary>A message has come.</summary>
    /// <param name="sequence">Its number; null when it has none.</param>
    /// <param name="received">When it was read.</param>
    /// <param name="heardUpTo">Everything that came before this moment was read before it.</param>
    /// <returns>The gap before it; null when there is none.</returns>
    public SourceGap? Follow(long? sequence, DateTimeOffset received, DateTimeOffset heardUpTo)
    {
        SourceGap? gap = null;
        if (sequence is { } next)
        {
            if (_open is { } open)
            {
                gap = Close(open.To ?? received, next);
            }
            else if (_sequence is { } last && next != last && next != last + 1)
            {
                _open = (_heardUpTo ?? received, received, next > last ? "The server left numbers out." : "The server's numbers began anew.");
                gap = Close(received, next);
            }

            (_sequence, _heardUpTo) = (next, heardUpTo);
        }

        return gap;
    }

    private SourceGap Close(DateTimeOffset to, long? next)
    {
        var open = _open!.Value;
        _open = null;

        // Numbers that begin anew, or come again, don't tell what lies between them.
        long? missing = next is { } number && _sequence is { } last && number > last ? number - last - 1 : null;
        // The clock may have been set back meanwhile.
        return new SourceGap(open.From, to < open.From ? open.From : to, _sequence, next, missing, open.Reason);
    }
}
