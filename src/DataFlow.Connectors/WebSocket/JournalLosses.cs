namespace DataFlow.Connectors;

/// <summary>Follows the messages of a journal's files while they are taken in, and says what damage has cost.</summary>
/// <param name="delivered">What is delivered can't be lost any more.</param>
/// <param name="now">For what nothing comes after.</param>
internal sealed class JournalLosses(StreamPlace delivered, DateTimeOffset now)
{
    private readonly List<SourceGap> _gaps = [];
    private long _number;
    private DateTimeOffset? _heardUpTo = delivered.HeardUpTo;
    private long? _sequence = delivered.Sequence;
    private (long Missing, string Reason)? _open;

    /// <summary>What was lost.</summary>
    public IReadOnlyList<SourceGap> Gaps => _gaps;

    /// <summary>The message up to which that is told.</summary>
    public long UpTo { get; private set; }

    /// <summary>A message is there.</summary>
    public void Follow(in MessageFrame frame)
    {
        long? sequence = frame.Sequence == MessageFrame.NoSequence ? null : frame.Sequence;
        Close(DateTimeOffset.FromUnixTimeMilliseconds(frame.Received), sequence);
        _number = frame.Number;
        _heardUpTo = DateTimeOffset.FromUnixTimeMilliseconds(frame.HeardUpTo);
        _sequence = sequence ?? _sequence;
    }

    /// <summary>A file ends, and the next one begins with this message.</summary>
    /// <returns>How many messages are missing that were not delivered and are not told yet.</returns>
    public long MissingBefore(JournalSegment ended, long next, long toldUpTo)
    {
        var last = Math.Max(Math.Max(_number, ended.First - 1), Math.Max(delivered.Number, toldUpTo));
        _number = Math.Max(_number, next - 1);
        return Math.Max(0, next - 1 - last);
    }

    /// <summary>They are lost.</summary>
    public void Add(long missing, long upTo, string reason)
    {
        _open = (missing + (_open?.Missing ?? 0), _open?.Reason ?? reason);
        UpTo = upTo;
    }

    /// <summary>Nothing more comes.</summary>
    public void End() => Close(now, null);

    private void Close(DateTimeOffset to, long? next)
    {
        if (_open is { } open)
        {
            var from = _heardUpTo is { } heard && heard < to ? heard : to;
            _gaps.Add(new SourceGap(from, to, _sequence, next, open.Missing, open.Reason));
            _open = null;
        }
    }
}
