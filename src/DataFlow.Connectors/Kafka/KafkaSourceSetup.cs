using System.Globalization;

namespace DataFlow.Connectors;

/// <summary>What a source is made from. Immutable.</summary>
internal sealed class KafkaSourceSetup
{
    private static readonly TimeSpan CommitInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MostBetweenHeartbeats = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LeastBetweenPolls = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, string> _properties;
    private readonly string? _instance;

    /// <exception cref="OptionException">The client does not take a property.</exception>
    public KafkaSourceSetup(SourceSettings settings)
    {
        Options = (KafkaSourceOptions)settings.Options;
        Connection = settings.Connection;
        Group = Options.GroupId.Length > 0 ? Options.GroupId : $"dataflow-{settings.PipelineId}";
        AssignsItself = settings.Delivery == DeliveryGuarantee.EffectivelyOnce;
        Share = settings.Share;
        _instance = settings.Instance;
        if (AssignsItself && Share.IsWhole && _instance is { } instance)
        {
            throw new OptionException(
                "group-id",
                $"With delivery: effectively-once this instance ('{instance}') would read all partitions, and so would the others. "
                    + "Write how many there are (instances: 3) and run them by their numbers, run it without --instance, or write delivery: "
                    + "at-least-once, so that the instances share the partitions in their group.");
        }

        _properties = Build();
    }

    public KafkaSourceOptions Options { get; }

    /// <summary>The bootstrap servers.</summary>
    public string Connection { get; }

    /// <summary>The consumer group.</summary>
    public string Group { get; }

    /// <summary>True when partitions and offsets come from the checkpoint and not from the group.</summary>
    public bool AssignsItself { get; }

    /// <summary>Which partitions to take where nobody but us assigns them.</summary>
    public SourceShare Share { get; }

    /// <summary>True to fetch message by message with the client's public methods.</summary>
    public bool UsesMessagePath { get; init; }

    /// <summary>
    /// Longest wait of a message for its batch: the poll interval, unless max-latency was given, which is known by its differing
    /// from the default.
    /// </summary>
    public TimeSpan WaitOf(SourceContext context) =>
        context.MaxLatency == KafkaSourceDefinition.Definition.DefaultMaxLatency ? context.PollInterval : context.MaxLatency;

    /// <summary>The client's properties.</summary>
    /// <param name="clientId">How brokers know the client, unless the user has named it.</param>
    public IReadOnlyDictionary<string, string> Properties(string clientId) =>
        Options.Client.ContainsKey("client.id") ? _properties : new Dictionary<string, string>(_properties) { ["client.id"] = clientId };

    private Dictionary<string, string> Build()
    {
        var properties = KafkaClientProperties.Of(Connection, Options, "dataflow");
        properties["group.id"] = Group;
        properties["enable.auto.commit"] = "true";
        properties["enable.auto.offset.store"] = Options.EnableAutoCommit ? "true" : "false";
        properties["auto.commit.interval.ms"] = KafkaClientProperties.Milliseconds(CommitInterval);

        // Starts are resolved before a partition is assigned. An offset that is not there any more later on, because retention was
        // faster or the topic was made anew, is resolved in the same way: the client never begins elsewhere in silence.
        properties["auto.offset.reset"] = "error";
        properties["isolation.level"] = Options.Isolation == KafkaIsolation.ReadCommitted ? "read_committed" : "read_uncommitted";
        properties["enable.partition.eof"] = "true";
        properties["queued.max.messages.kbytes"] = (Options.BufferBytes.Bytes >> 10).ToString(CultureInfo.InvariantCulture);

        // With the library's default of a second the fetcher sleeps whenever a partition's queue was full once.
        properties["fetch.queue.backoff.ms"] = "5";
        properties["fetch.wait.max.ms"] = "100";

        // The library keeps the ends of partitions fresh for the lag only where statistics are on.
        properties["statistics.interval.ms"] = "5000";
        if (Options.GroupInstanceId.Length > 0)
        {
            // Two members of one name would throw each other out.
            properties["group.instance.id"] = _instance is null ? Options.GroupInstanceId : $"{Options.GroupInstanceId}-{_instance}";
        }

        if (Options.GroupProtocol == KafkaGroupProtocol.Consumer)
        {
            properties["group.protocol"] = "consumer";
        }
        else
        {
            properties["session.timeout.ms"] = KafkaClientProperties.Milliseconds(Options.SessionTimeout);

            // The library's own times fit its own session: in a shorter one heartbeats come too late, and a longer one it does not take.
            var heartbeat = Options.SessionTimeout / 3;
            properties["heartbeat.interval.ms"] = KafkaClientProperties.Milliseconds(heartbeat < MostBetweenHeartbeats ? heartbeat : MostBetweenHeartbeats);
            properties["max.poll.interval.ms"] = KafkaClientProperties.Milliseconds(
                Options.SessionTimeout > LeastBetweenPolls ? Options.SessionTimeout : LeastBetweenPolls);
            properties["partition.assignment.strategy"] = "cooperative-sticky";
        }

        return properties.With(Options.Client);
    }
}
