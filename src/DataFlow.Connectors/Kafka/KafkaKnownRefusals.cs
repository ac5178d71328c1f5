namespace DataFlow.Connectors;

/// <summary>
/// What was found out since the last commit about messages that void their transaction. It outlives the attempt: the next one
/// leaves them out.
/// </summary>
internal sealed class KafkaKnownRefusals
{
    /// <summary>Why records are refused, by their own identities. The rows are those of an earlier batch.</summary>
    public Dictionary<Guid, RefusedRow> Refused { get; } = [];

    /// <summary>True to send message by message, because those that are sent together are refused together.</summary>
    public bool IsOneByOne { get; set; }

    /// <summary>Everything that was refused is committed as a dead letter.</summary>
    public void Clear()
    {
        Refused.Clear();
        IsOneByOne = false;
    }
}
