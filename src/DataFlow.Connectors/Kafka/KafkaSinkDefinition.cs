namespace DataFlow.Connectors;

/// <summary>The Kafka sink in the catalogue.</summary>
internal static class KafkaSinkDefinition
{
    public static SinkDefinition Definition { get; } = new()
    {
        Name = "kafka",
        Summary = "Writes records to topics of Apache Kafka, with transactions where delivery: effectively-once asks for them.",
        ConnectionDescription = "The bootstrap servers: one broker or several with commas between them, each as host:port.",
        ConnectionExample = "localhost:9092",
        OptionsType = typeof(KafkaSinkOptions),
        Files = settings => KafkaFiles.In((KafkaSinkOptions)settings.Options),
        Capabilities = settings => new SinkCapabilities(SinkReplay.Transactional),
        Create = settings => new KafkaSinkConnector(settings),
    };
}
