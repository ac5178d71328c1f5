#pragma warning disable CS1591 // The [Option] text is the documentation; it is what help, reference and schema print.
using System.Text;

namespace DataFlow.Connectors;

internal enum KafkaCompression
{
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

internal enum KafkaValueFormat
{
    Json,
    String,
}

internal sealed record KafkaSinkOptions : KafkaClientOptions
{
    [Option("The topic to write to. Parts of it may come from the record: orders-{country} or orders-{@partition}; it has to begin with fixed text.", Required = true, Identity = true, Example = "orders")]
    public string Topic { get; init; } = "";

    [Option("What becomes the value: json (the record as a JSON object) or string (the field named by value-field). A record that says that a row was deleted has no value (a tombstone).", Identity = true)]
    public KafkaValueFormat Format { get; init; } = KafkaValueFormat.Json;

    [Option("string: the field that becomes the value, as it is; null is no value.")]
    public string ValueField { get; init; } = "value";

    [Option("What becomes the key: a field (id), metadata (@kafka_key), or a text with both ({country}-{id}). A record that lacks it is a dead letter, except with the default: the key of the Kafka message that the record came from, if it came from one.", Example = "id")]
    public string Key { get; init; } = "";

    [Option("The field or metadata (@partition) with the number of the partition. Left out: by the key, as Java clients do.", Advanced = true)]
    public string Partition { get; init; } = "";

    [Option("Headers of each message: a name with a text, a field ({id}) or metadata ({@source}). A header whose value the record lacks is left out.", Example = "{ origin: dataflow, trace: '{@headers.trace}' }")]
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    [Option("How messages are compressed on their way and in the topic: none, gzip, snappy, lz4 or zstd.")]
    public KafkaCompression Compression { get; init; } = KafkaCompression.Lz4;

    [Option("How long a message may wait for its brokers before the attempt fails and is repeated.", Advanced = true, Unit = "s")]
    [OptionRange(1, 3600)]
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromSeconds(60);

    [Option("delivery: effectively-once: the compacted topic that holds the checkpoints, written in the same transaction as the records. It is created when it is not there.", Advanced = true)]
    public string CheckpointTopic { get; init; } = "dataflow-checkpoints";

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate()
    {
        foreach (var problem in base.Validate())
        {
            yield return problem;
        }

        foreach (var (key, text) in Headers.Values.Select(value => ("headers", value)).Prepend(("key", Key)).Prepend(("topic", Topic)))
        {
            if (RecordText.TryParse(text, out _) is { } problem)
            {
                yield return new OptionProblem(key, problem);
            }
        }

        var prefix = Topic.Split('{')[0];
        if (!KafkaTopics.IsName(Encoding.UTF8.GetBytes(prefix)))
        {
            yield return new OptionProblem(
                "topic", $"'{Topic}' must begin with fixed text of letters, digits, '.', '_' or '-', so that no record can choose any topic of the cluster.");
        }

        if (!KafkaTopics.IsName(Encoding.UTF8.GetBytes(CheckpointTopic)))
        {
            yield return new OptionProblem("checkpoint-topic", $"'{CheckpointTopic}' is no name of a topic: allowed are letters, digits, '.', '_' and '-'.");
        }
    }
}
