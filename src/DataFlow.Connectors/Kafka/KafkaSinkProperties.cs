namespace DataFlow.Connectors;

/// <summary>The client's properties for a sink.</summary>
internal static class KafkaSinkProperties
{
    private static readonly HashSet<string> ProducerOnly =
    [
        "enable.idempotence", "acks", "compression.type", "message.timeout.ms", "linger.ms", "partitioner", "transactional.id", "transaction.timeout.ms",
    ];

    /// <summary>The id under which a pipeline's transactions are fenced.</summary>
    public static string TransactionalId(SinkSettings settings) => $"dataflow-{settings.PipelineId}";

    /// <summary>Those of the producer.</summary>
    /// <exception cref="OptionException">The client does not take a property.</exception>
    public static Dictionary<string, string> Of(SinkSettings settings)
    {
        var options = (KafkaSinkOptions)settings.Options;
        var properties = KafkaClientProperties.Of(settings.Connection, options, $"dataflow-{settings.PipelineId}");
        properties["enable.idempotence"] = "true";
        properties["acks"] = "all";
        properties["compression.type"] = options.Compression.ToString().ToLowerInvariant();
        properties["message.timeout.ms"] = KafkaClientProperties.Milliseconds(options.DeliveryTimeout);
        properties["linger.ms"] = "5";

        // The partitioner of Java clients, so that records with one key meet those that others write.
        properties["partitioner"] = "murmur2_random";
        if (KafkaSinkConnector.IsTransactional(settings))
        {
            properties["transactional.id"] = TransactionalId(settings);
            properties["transaction.timeout.ms"] = KafkaClientProperties.Milliseconds(options.DeliveryTimeout);
        }

        return properties.With(options.Client);
    }

    /// <summary>Those that a reader of the checkpoints shares with the producer: address and security.</summary>
    public static Dictionary<string, string> OfReader(IReadOnlyDictionary<string, string> properties) =>
        properties.Where(property => !ProducerOnly.Contains(property.Key)).ToDictionary();
}
