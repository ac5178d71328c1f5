using Confluent.Kafka;
using DataFlow.Connectors;

namespace DataFlow.UnitTests.Connectors;

/// <summary>Which refusals concern a record, and which the run.</summary>
public sealed class KafkaRefusalsTests
{
    [Theory]
    [InlineData(ErrorCode.UnknownTopicOrPart)]
    [InlineData(ErrorCode.Local_UnknownTopic)]
    public void A_topic_that_a_record_names_and_that_is_not_there_concerns_the_record_alone(ErrorCode code)
    {
        var error = new Error(code);

        Assert.True(KafkaRefusals.IsOfMessage(error, isOneTopic: false));
        Assert.False(KafkaRefusals.IsOfMessage(error, isOneTopic: true));
        Assert.Equal((3, "no-such-topic"), (KafkaRefusals.Of(3, error).Row, KafkaRefusals.Of(3, error).Reason));
    }

    [Theory]
    [InlineData(ErrorCode.MsgSizeTooLarge, "too-large", "max.message.bytes")]
    [InlineData(ErrorCode.Local_UnknownPartition, "bad-partition", "option partition")]
    [InlineData(ErrorCode.InvalidRecord, "refused", "for good")]
    public void A_refused_message_is_a_dead_letter_with_a_reason(ErrorCode code, string reason, string said)
    {
        var refused = KafkaRefusals.Of(0, new Error(code));

        Assert.True(KafkaRefusals.IsOfMessage(new Error(code), isOneTopic: true));
        Assert.Equal(reason, refused.Reason);
        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ErrorCode.NotEnoughReplicas)]
    [InlineData(ErrorCode.Local_MsgTimedOut)]
    [InlineData(ErrorCode.TopicAuthorizationFailed)]
    public void What_may_pass_or_concerns_everybody_is_no_refusal_of_a_message(ErrorCode code) =>
        Assert.False(KafkaRefusals.IsOfMessage(new Error(code), isOneTopic: false));

    [Fact]
    public void A_handshake_that_fails_is_the_settings_fault_only_before_the_first_contact()
    {
        var error = new Error(ErrorCode.Local_Ssl);

        Assert.False(KafkaFaults.MayPass(error, wasConnected: false));
        Assert.Equal(FaultOwner.User, KafkaFaults.Fatal(error, "broker:9093", "group")!.Owner);
        Assert.True(KafkaFaults.MayPass(error, wasConnected: true));
        Assert.True(KafkaFaults.IsConnection(error));
        Assert.False(KafkaFaults.MayPass(new Error(ErrorCode.TopicAuthorizationFailed), wasConnected: true));
    }
}
