using Confluent.Kafka;

namespace DataFlow.Connectors;

/// <summary>Which refusals concern one message alone and would come again: dead letters, not failures.</summary>
internal static class KafkaRefusals
{
    /// <summary>True when a message, or one that was sent together with it, is refused for good.</summary>
    /// <param name="error">What the client says.</param>
    /// <param name="isOneTopic">All records go to the same topic: if that is not there, no record is at fault.</param>
    public static bool IsOfMessage(Error error, bool isOneTopic) => error.Code is ErrorCode.MsgSizeTooLarge or ErrorCode.InvalidRecord
        or ErrorCode.Local_InvalidDifferentRecord or ErrorCode.InvalidMsg or ErrorCode.InvalidTimestamp or ErrorCode.PolicyViolation
        or ErrorCode.Local_UnknownPartition
        || (IsNoTopic(error) && !isOneTopic);

    /// <summary>True for a message that was given up together with another one, which says why.</summary>
    public static bool IsConsequence(Error error) => error.Code is ErrorCode.Local_PurgeQueue or ErrorCode.Local_PurgeInflight or ErrorCode.Local_State;

    /// <summary>The sentence for a record whose message was refused alone.</summary>
    public static RefusedRow Of(int row, Error error) => error.Code switch
    {
        ErrorCode.MsgSizeTooLarge => new RefusedRow(
            row, "too-large", $"The message is larger than allowed ({KafkaFaults.Reason(error)}). Raise message.max.bytes under client and max.message.bytes of the topic to let it through."),
        ErrorCode.Local_UnknownPartition => new RefusedRow(row, "bad-partition", "The topic has no such partition; check the field that the option partition names."),
        _ when IsNoTopic(error) => new RefusedRow(
            row, "no-such-topic", "There is no topic of the name that the record makes, and the brokers make none by themselves. Create it, and replay the dead letters."),
        _ => new RefusedRow(row, "refused", $"The broker refuses the message for good: {KafkaFaults.Reason(error)}."),
    };

    private static bool IsNoTopic(Error error) => error.Code is ErrorCode.Local_UnknownTopic or ErrorCode.UnknownTopicOrPart;
}
