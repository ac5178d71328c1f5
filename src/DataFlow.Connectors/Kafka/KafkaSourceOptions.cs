#pragma warning disable CS1591 // The [Option] text is the documentation; it is what help, reference and schema print.
using DataFlow.Formats;

namespace DataFlow.Connectors;

internal enum KafkaFormat
{
    Json,
    String,
    Bytes,
}

internal enum KafkaGroupProtocol
{
    Classic,
    Consumer,
}

internal enum KafkaIsolation
{
    [OptionValue("read_committed", "read-committed")]
    ReadCommitted,

    [OptionValue("read_uncommitted", "read-uncommitted")]
    ReadUncommitted,
}

internal enum KafkaTextPolicy
{
    DeadLetter,
    Replace,
    Fail,
}

internal sealed record KafkaSourceOptions : KafkaClientOptions
{
    /// <summary>Told from an empty list that was given: an option that is missing is complained about once.</summary>
    private static readonly IReadOnlyList<string> NotGiven = new List<string>();

    [Option("The topic to read, a list of topics, or a regular expression that starts with ^.", Required = true, Identity = true, Example = "orders")]
    public IReadOnlyList<string> Topic { get; init; } = NotGiven;

    [Option("The consumer group. Pipelines with the same group share the partitions. Left out: dataflow-{pipeline name}.", Example = "order-processors")]
    public string GroupId { get; init; } = "";

    [Option("What the messages are: json (one field per key), string or bytes (the fields key and value).", Identity = true)]
    public KafkaFormat Format { get; init; } = KafkaFormat.Json;

    [Option("Where to start in a partition for which the group has no committed offset: earliest, latest (only new messages), error, timestamp:2024-01-01T00:00:00Z (the first message at or after that time), or a list of topic:partition:offset.", Example = "earliest")]
    public IReadOnlyList<string> AutoOffsetReset { get; init; } = ["earliest"];

    [Option("Let the client commit offsets by time, also of records that are not delivered yet: after a crash those are lost. Leave it false to commit what the sink has acknowledged.")]
    public bool EnableAutoCommit { get; init; }

    [Option("Most messages that are taken from the client at once. A batch may join several.")]
    [OptionRange(1, 100_000)]
    public int MaxPollRecords { get; init; } = 500;

    [Option("json: what to do with a message that is no valid JSON: string (a record with the fields key and value, counted), dead-letter or fail.")]
    public InvalidJsonPolicy OnInvalidJson { get; init; } = InvalidJsonPolicy.String;

    [Option("json and string: what to do with a message whose value is no valid UTF-8: dead-letter, replace (by U+FFFD) or fail.")]
    public KafkaTextPolicy OnInvalidBytes { get; init; } = KafkaTextPolicy.DeadLetter;

    [Option("json: most fields per record. A record with more is a dead letter.", Advanced = true)]
    [OptionRange(1, 100_000)]
    public int MaxFields { get; init; } = 2000;

    [Option("read_committed leaves out messages of transactions that were aborted and waits for those still open; read_uncommitted delivers all.", Identity = true)]
    public KafkaIsolation Isolation { get; init; } = KafkaIsolation.ReadCommitted;

    [Option("classic, or consumer for the rebalance protocol of Kafka 4 (KIP-848), which the brokers must support.", Advanced = true)]
    public KafkaGroupProtocol GroupProtocol { get; init; } = KafkaGroupProtocol.Classic;

    [Option("A fixed name of this member within the group (static membership): a restart within session-timeout moves no partitions. Each process needs its own; the number or name of an instance is added to it.", Advanced = true, Example = "${env:HOSTNAME}")]
    public string GroupInstanceId { get; init; } = "";

    [Option("A member that is not heard of for so long is dead and its partitions move. When partitions move, half of it is the most time for delivering what is under way.", Advanced = true, Unit = "s")]
    [OptionRange(1, 3600)]
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(45);

    [Option("Most memory for messages that the client has fetched ahead, and once more for those that wait for their batch to fill.", Advanced = true)]
    [OptionRange(1 << 20, int.MaxValue)]
    public ByteSize BufferBytes { get; init; } = ByteSize.MiB(64);

    /// <summary>True when the topics are a pattern, so that new ones may come.</summary>
    public bool IsPattern => Topic.Any(topic => topic.StartsWith('^'));

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate()
    {
        foreach (var problem in base.Validate())
        {
            yield return problem;
        }

        foreach (var topic in Topic)
        {
            if (KafkaTopics.Problem(topic) is { } problem)
            {
                yield return new OptionProblem("topic", problem);
            }
        }

        if (Topic.Count == 0 && !ReferenceEquals(Topic, NotGiven))
        {
            yield return new OptionProblem("topic", "No topic is named; give one, a list, or a regular expression that starts with ^.");
        }

        if (KafkaStart.TryParse(AutoOffsetReset, out _) is { } startProblem)
        {
            yield return new OptionProblem("auto-offset-reset", startProblem);
        }
    }
}
