namespace DataFlow.Connectors;

/// <summary>The catalogue entry of the Kafka source.</summary>
internal static class KafkaSourceDefinition
{
    public static SourceDefinition Definition { get; } = new()
    {
        Name = SourceType.Kafka,
        Summary = "Reads topics of Apache Kafka: JSON, text or bytes, as a member of a consumer group.",
        ConnectionDescription = "The bootstrap servers: one broker or several with commas between them, each as host:port.",
        ConnectionExample = "localhost:9092",
        OptionsType = typeof(KafkaSourceOptions),
        Files = settings => KafkaFiles.In((KafkaSourceOptions)settings.Options),
        Capabilities = Capabilities,
        Sharing = settings => settings.Delivery == DeliveryGuarantee.EffectivelyOnce ? SourceSharing.ByShare : SourceSharing.ByOtherSide,
        Create = settings => new KafkaSourceConnector(new KafkaSourceSetup(settings)),
        PositionFromNumber = PositionFromNumber,
        ReadAgain = KafkaDeadLetter.ReadAgain,
        DefaultUntil = _ => Until.Forever,
    };

    private static SourceCapabilities Capabilities(SourceSettings settings) =>
        ((KafkaSourceOptions)settings.Options).EnableAutoCommit
            ? new SourceCapabilities(Replayable: false, WhyNotReplayable: "enable-auto-commit is true, so offsets are committed before records are delivered; set it to false", OffsetsAddUp: false)
            : new SourceCapabilities(Replayable: true, OffsetsAddUp: false);

    private static Advance PositionFromNumber(SourceSettings settings, long offset) =>
        ((KafkaSourceOptions)settings.Options) is { IsPattern: false, Topic: [var topic] }
            ? new Advance(KafkaTopics.SplitOf(topic, 0), new KafkaPosition(offset + 1) { IsBareNumber = true })
            : throw ConnectorException.User(
                $"These may be several topics, and offset {offset} does not say of which. Name topic and partition with 'dataflow state set', "
                + "or give auto-offset-reset a list of topic:partition:offset for a new group.");
}
