using System.Globalization;
using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using DataFlow.Conformance;
using DataFlow.Engine.Configuration;
using DataFlow.KafkaBroker;

namespace DataFlow.IntegrationTests.Kafka;

/// <summary>Without transactions: what the mock cluster can prove.</summary>
public sealed class KafkaSinkConformance : SinkConformance<KafkaSinkFixture>;

/// <summary>With transactions: on a real broker only, because the mock shows readers what was aborted.</summary>
public sealed class KafkaTransactionConformance : SinkConformance<KafkaTransactionFixture>;

/// <summary>A topic with one partition on a cluster of its own.</summary>
public class KafkaSinkFixture : ISinkFixture
{
    private const string Kept = "Without transactions, what was written before a crash is there and comes again.";

    public static string Kind => SourceType.Kafka;

    public static Waivers Waivers { get; } = Waivers.Of(
        ("What_was_written_after_the_last_commit_is_gone_when_it_is_opened_again", Kept),
        ("What_was_written_before_the_first_commit_is_gone_when_it_is_opened_again", Kept),
        ("A_run_that_was_taken_over_can_not_commit_any_more", "Only a transactional id can be fenced."));

    public virtual SinkCapabilities Capabilities => new(SinkReplay.Repeated);

    public string Secret => "s3cret-of-the-key";

    protected virtual DeliveryGuarantee? Delivery => null;

    protected TestKafka Kafka { get; private set; } = null!;

    protected string Topic { get; private set; } = "";

    public async ValueTask StartAsync(CancellationToken ct)
    {
        Kafka = await StartKafkaAsync();
        Topic = await Kafka.CreateTopicAsync();
    }

    public ISink Create() => Of(Kafka.Address, Topic);

    public ISink CreateUnreachable() => Of("127.0.0.1:1", Topic);

    public ISink CreateRefused() => Of(Kafka.Address, Topic, ("ca-file", "/there/is/no/such/file.pem"));

    public void AddRefused(RecordBatch batch)
    {
        // Larger than message.max.bytes.
        var row = batch.AddRow(0, 0);
        row[0] = batch.AddOverlay("9"u8);
        row[1] = batch.AddOverlay(new byte[2_000_000].Select(_ => (byte)'x').ToArray());
    }

    public ValueTask<IReadOnlyList<long>> ReadAsync(CancellationToken ct)
    {
        using var consumer = new ConsumerBuilder<Ignore, string>(new ConsumerConfig
        {
            BootstrapServers = Kafka.Address,
            GroupId = "reader",
            EnablePartitionEof = true,
            IsolationLevel = IsolationLevel.ReadCommitted,
        }).SetLogHandler((_, _) => { }).Build();
        consumer.Assign(new TopicPartitionOffset(Topic, 0, Offset.Beginning));
        var numbers = new List<long>();
        while (true)
        {
            var result = consumer.Consume(ct);
            if (result.IsPartitionEOF)
            {
                return ValueTask.FromResult<IReadOnlyList<long>>(numbers);
            }

            numbers.Add(long.Parse(JsonDocument.Parse(result.Message.Value).RootElement.GetProperty("n").ToString(), CultureInfo.InvariantCulture));
        }
    }

    public ValueTask DisposeAsync() => Kafka?.DisposeAsync() ?? ValueTask.CompletedTask;

    protected virtual Task<TestKafka> StartKafkaAsync() => TestKafka.StartAsync();

    private ISink Of(string address, string topic, params (string Key, string Value)[] more)
    {
        var options = new StringBuilder($"topic: {topic}, connect-timeout: 3s, key-password: {Secret}");
        foreach (var (key, value) in more)
        {
            options.Append($", {key}: {value}");
        }

        // A transactional id is for one target alone.
        var file = $$"""
            name: conformance-{{topic}}
            source: { type: test, options: { total-records: 1 } }
            sink: { type: kafka, connection: "{{address}}", options: { {{options}} } }
            """;
        if (Delivery is { } delivery)
        {
            file += $"\ndelivery: {GuaranteeExplanation.NameOf(delivery)}\n";
        }

        return PipelineFile.Parse(file, "conformance.yaml", BuiltInCatalogue.Instance).CreateSink();
    }
}

/// <summary>The same with transactions.</summary>
public sealed class KafkaTransactionFixture : KafkaSinkFixture, ISinkFixture
{
    public static new string Kind => SourceType.Kafka;

    public static new Waivers Waivers => Waivers.None;

    public override SinkCapabilities Capabilities => new(SinkReplay.Transactional);

    protected override DeliveryGuarantee? Delivery => DeliveryGuarantee.EffectivelyOnce;

    protected override Task<TestKafka> StartKafkaAsync() => RealKafka.StartAsync();
}
