using DataFlow.Conformance;
using DataFlow.KafkaBroker;

namespace DataFlow.IntegrationTests.Kafka;

public sealed class KafkaSourceConformance : SourceConformance<KafkaSourceFixture>;

/// <summary>A topic with two partitions on a cluster of its own.</summary>
public sealed class KafkaSourceFixture : ISourceFixture
{
    private TestKafka? _kafka;
    private KafkaTopic? _topic;
    private int _published;

    public static string Kind => SourceType.Kafka;

    public SourceConfig Config => Of(_kafka!.Address, _topic!.Name);

    public SourceConfig Unreachable => Of("127.0.0.1:1", "anything");

    public SourceConfig Refused => Of(_kafka!.Address, "there-is-no-such-topic");

    public string Secret => "s3cret-of-the-key";

    public async ValueTask StartAsync(CancellationToken ct)
    {
        _kafka = await TestKafka.StartAsync();
        _topic = await KafkaTopic.CreateAsync(_kafka, partitions: 2);
    }

    public ValueTask PublishAsync(int count, CancellationToken ct)
    {
        foreach (var partition in new[] { 0, 1 })
        {
            _topic!.WriteTo(partition, [.. Enumerable.Range(_published + 1, count).Where(n => n % 2 == partition).Select(n => $$"""{"n":{{n}}}""")]);
        }

        _published += count;
        return ValueTask.CompletedTask;
    }

    public ValueTask PublishMalformedAsync(CancellationToken ct)
    {
        _topic!.WriteTo(0, ["{no json"]);
        return ValueTask.CompletedTask;
    }

    public async ValueTask InterruptAsync(CancellationToken ct)
    {
        await _kafka!.SetDownAsync();
        await _kafka.SetUpAsync();
    }

    public long NumberOf(DataRecord record) => record.GetInt64("n");

    public ValueTask DisposeAsync() => _kafka?.DisposeAsync() ?? ValueTask.CompletedTask;

    private SourceConfig Of(string address, string topic) => new()
    {
        SourceType = Kind,
        ConnectionString = address,
        PollIntervalMs = 20,
        Options = new Dictionary<string, string>
        {
            ["topic"] = topic,
            ["session-timeout"] = "6s",
            ["connect-timeout"] = "3s",
            ["on-invalid-json"] = "dead-letter",
            ["key-password"] = Secret,
        },
    };
}
