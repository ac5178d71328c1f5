namespace DataFlow.Connectors;

/// <summary>What became of a batch that was handed to an inbox.</summary>
public enum PushOutcome
{
    /// <summary>It is delivered: the checkpoint with it is durable.</summary>
    Delivered,

    /// <summary>It had been delivered before.</summary>
    AlreadyDelivered,

    /// <summary>Its sequence is not the producer's next one.</summary>
    OutOfSequence,

    /// <summary>Its producer is new, and as many are remembered as may be.</summary>
    TooManyProducers,

    /// <summary>Another content has been received under its id.</summary>
    OtherContent,

    /// <summary>It can't be read as what it says to be, or has no id where one is needed.</summary>
    Unreadable,

    /// <summary>The run has stopped taking batches; whether this one is delivered is not known.</summary>
    Closed,

    /// <summary>It is received, and not delivered within the time that a producer waits.</summary>
    Late,
}

/// <summary>The answer to a batch. Immutable.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Records">Records in it, bad ones included; 0 unless it was delivered by this call.</param>
/// <param name="DeadLettered">Those of them that could not be read.</param>
/// <param name="Expected">The producer's next sequence, for <see cref="PushOutcome.OutOfSequence"/>.</param>
/// <param name="Problem">A sentence, for <see cref="PushOutcome.Unreadable"/>.</param>
public sealed record PushReceipt(PushOutcome Outcome, int Records = 0, int DeadLettered = 0, long Expected = 0, string? Problem = null);
