using Confluent.Kafka;

namespace DataFlow.Connectors;

/// <summary>
/// What was found out since the last commit about messages that void their transaction. It outlives the attempt: the next one
/// leaves them out.
/// </summary>
internal sealed class KafkaKnownRefusals
{
    /// <summary>Why records are refused, by their own identities.</summary>
    public Dictionary<Guid, Error> Refused { get; } = [];

    /// <summary>True to send message by message, because those that are sent together are refused together.</summary>
    public bool IsOneByOne { get; set; }

    /// <summary>Everything that was refused is committed as a dead letter.</summary>
    public void Clear()
    {
        Refused.Clear();
        IsOneByOne = false;
    }
}
