namespace DataFlow.Server.Answers;

/// <summary>A batch is durably delivered.</summary>
public sealed record BatchAnswer
{
    /// <summary>Records in it, bad ones included; left out when it had been delivered before.</summary>
    public int? Records { get; init; }

    /// <summary>Those of them that could not be read and are dead letters now; left out when it had been delivered before.</summary>
    public int? DeadLettered { get; init; }

    /// <summary>True when it had been delivered before: nothing was done.</summary>
    public bool AlreadyDelivered { get; init; }
}

/// <summary>How far a producer has got.</summary>
/// <param name="Producer">Its name.</param>
/// <param name="Sequence">The sequence of its last delivered batch; 0 before the first.</param>
public sealed record ProducerAnswer(string Producer, long Sequence);
