using System.Runtime.CompilerServices;

namespace DataFlow.Connectors;

/// <summary>The Kafka sink in the catalogue.</summary>
internal static class KafkaSinkDefinition
{
    // Each attempt of a run has a sink of its own, made of the same settings: so what one finds out reaches the next.
    private static readonly ConditionalWeakTable<SinkSettings, KafkaKnownRefusals> Known = [];

    public static SinkDefinition Definition { get; } = new()
    {
        Name = "kafka",
        Summary = "Writes records to topics of Apache Kafka, with transactions where delivery: effectively-once asks for them.",
        ConnectionDescription = "The bootstrap servers: one broker or several with commas between them, each as host:port.",
        ConnectionExample = "localhost:9092",
        OptionsType = typeof(KafkaSinkOptions),
        Files = settings => KafkaFiles.In((KafkaSinkOptions)settings.Options),
        Capabilities = settings => new SinkCapabilities(SinkReplay.Transactional),
        Create = settings => new KafkaSinkConnector(settings, Known.GetOrCreateValue(settings)),
    };
}
