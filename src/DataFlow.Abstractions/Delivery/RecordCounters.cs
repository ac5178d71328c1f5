namespace DataFlow;

/// <summary>
/// The conservation law: read = delivered + filtered + dead-lettered + dropped + in flight. Records that were read again at a
/// boundary count as deduplicated, not as read. Immutable.
/// </summary>
public readonly record struct RecordCounters
{
    /// <summary>Records that came from the source, bad ones included.</summary>
    public long Read { get; init; }

    /// <summary>Records that the sink has taken.</summary>
    public long Delivered { get; init; }

    /// <summary>Records that a transform left out.</summary>
    public long Filtered { get; init; }

    /// <summary>Records in the dead-letter store.</summary>
    public long DeadLettered { get; init; }

    /// <summary>Records given up under <c>on-full: drop-oldest</c>.</summary>
    public long Dropped { get; init; }

    /// <summary>Records read again and recognised.</summary>
    public long Deduplicated { get; init; }

    /// <summary>Bytes read from the source.</summary>
    public long Bytes { get; init; }

    /// <summary>Read but nowhere to be found. Zero at every commit.</summary>
    public long Unaccounted => Read - Delivered - Filtered - DeadLettered - Dropped;

    /// <summary>Adds field by field.</summary>
    public static RecordCounters operator +(RecordCounters left, RecordCounters right) => new()
    {
        Read = left.Read + right.Read,
        Delivered = left.Delivered + right.Delivered,
        Filtered = left.Filtered + right.Filtered,
        DeadLettered = left.DeadLettered + right.DeadLettered,
        Dropped = left.Dropped + right.Dropped,
        Deduplicated = left.Deduplicated + right.Deduplicated,
        Bytes = left.Bytes + right.Bytes,
    };

    /// <summary>Subtracts field by field: the counters of one run out of the totals.</summary>
    public static RecordCounters operator -(RecordCounters left, RecordCounters right) => new()
    {
        Read = left.Read - right.Read,
        Delivered = left.Delivered - right.Delivered,
        Filtered = left.Filtered - right.Filtered,
        DeadLettered = left.DeadLettered - right.DeadLettered,
        Dropped = left.Dropped - right.Dropped,
        Deduplicated = left.Deduplicated - right.Deduplicated,
        Bytes = left.Bytes - right.Bytes,
    };
}
