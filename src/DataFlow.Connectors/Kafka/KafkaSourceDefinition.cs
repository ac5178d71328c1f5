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
        Capabilities = Capabilities,
        Create = settings => new KafkaSourceConnector(new KafkaSourceSetup(settings)),
        PositionFromNumber = PositionFromNumber,
        ReadAgain = KafkaDeadLetter.ReadAgain,
        DefaultUntil = _ => Until.Forever,
    };

    private static SourceCapabilities Capabilities(SourceSettings settings) =>
        ((KafkaSourceOptions)settings.Options).EnableAutoCommit
            ? new SourceCapabilities(Replayable: false, WhyNotReplayable: "enable-auto-commit is true, so offsets are committed before records are delivered; set it to false")
            : new SourceCapabilities(Replayable: true);

    private static Advance PositionFromNumber(SourceSettings settings, long offset) =>
        throw ConnectorException.User(
            $"A topic has as many offsets as partitions, and {offset} does not say of which. Name the partition: "
            + $"auto-offset-reset: {((KafkaSourceOptions)settings.Options).Topic.FirstOrDefault()}:0:{offset} for a new group, or `dataflow state set` with delivery: effectively-once.");
}
