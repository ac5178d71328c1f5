namespace DataFlow.Connectors;

/// <summary>A partition that is assigned to us, from its assignment to its loss. Belongs to the pump's thread, except where it says otherwise.</summary>
internal sealed class KafkaPartition(string topic, int partition, RecordIdentity identity, long assignment)
{
    private long _acknowledged = -1;
    private long _acknowledgedTimestamp;

    public string Topic { get; } = topic;

    public int Number { get; } = partition;

    public string Split => Identity.Split;

    public RecordIdentity Identity { get; } = identity;

    /// <summary>Tells this assignment from earlier ones of the same partition.</summary>
    public long Assignment { get; } = assignment;

    /// <summary>The offset after the last message that was read; -1 before the first one.</summary>
    public long Next { get; set; } = -1;

    /// <summary>Broker time of the last message, in Unix milliseconds.</summary>
    public long Timestamp { get; set; }

    /// <summary>The offset at which the partition ended when it was assigned: what has to be read to have caught up. -1 when unknown.</summary>
    public long EndAtStart { get; set; } = -1;

    /// <summary>True once everything up to <see cref="EndAtStart"/> was read.</summary>
    public bool IsCaughtUp { get; set; }

    /// <summary>The batch that is being filled; null when there is none.</summary>
    public RecordBatch? Open { get; set; }

    /// <summary>Messages in the open batch.</summary>
    public int OpenMessages { get; set; }

    /// <summary>Colons in the open batch: a bound for its columns, so that sparse data makes no huge table.</summary>
    public long OpenColons { get; set; }

    /// <summary>When the open batch was begun, as a timestamp of the clock.</summary>
    public long Opened { get; set; }

    /// <summary>The position that a commit may store. From any thread: what is durable, or the start; -1 when unknown.</summary>
    public long Acknowledged
    {
        get => Volatile.Read(ref _acknowledged);
        set => Volatile.Write(ref _acknowledged, value);
    }

    /// <summary>Broker time of the last durable message, in Unix milliseconds; 0 when none. From any thread.</summary>
    public long AcknowledgedTimestamp
    {
        get => Volatile.Read(ref _acknowledgedTimestamp);
        set => Volatile.Write(ref _acknowledgedTimestamp, value);
    }

    /// <summary>The position after what was read.</summary>
    public KafkaPosition Position => new(Next) { Assignment = Assignment, Timestamp = Timestamp };
}
