using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using DataFlow.KafkaBroker;

namespace DataFlow.IntegrationTests.Kafka;

/// <summary>What only a real broker shows: transactions that readers see or don't, limits, times, and the topic of the checkpoints.</summary>
public sealed class KafkaRealBrokerTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private TestKafka _kafka = null!;

    public async ValueTask InitializeAsync() => _kafka = await RealKafka.StartAsync();

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData(CrashPoint.AfterWrite, 2)]
    [InlineData(CrashPoint.BeforeSinkCommit, 2)]
    [InlineData(CrashPoint.AfterSinkCommit, 2)]
    [InlineData(CrashPoint.AfterStateCommit, 2)]
    public async Task Readers_of_committed_messages_see_each_record_once_though_the_run_was_killed(string point, int time)
    {
        const int Records = 2000;
        var from = await KafkaTopic.CreateAsync(_kafka);
        var to = await _kafka.CreateTopicAsync();
        from.WriteTo(0, [.. Enumerable.Range(0, Records).Select(n => $$"""{"n":{{n}}}""")]);
        WritePipeline($"type: kafka, connection: \"{_kafka.Address}\", options: {{ topic: {from.Name} }}, batch-size: 100", to, "effectively-once");

        var killed = await Cli.RunAsync(
            _folder.Path, ["run", "p.yaml", "--until", "caught-up"], new Dictionary<string, string> { [CrashPoint.Variable] = $"{point}:{time}" });
        Assert.Equal(CliResult.Killed, killed.ExitCode);
        (await Cli.RunAsync(_folder.Path, "run", "p.yaml", "--until", "caught-up")).Succeeded();

        Assert.Equal(Enumerable.Range(0, Records).Select(n => $$"""{"n":{{n}}}"""), Committed(to));
    }

    [Theory]
    [InlineData("at-least-once")]
    [InlineData("effectively-once")]
    public async Task Messages_that_are_too_large_only_together_are_written_and_one_that_is_too_large_alone_is_a_dead_letter(string delivery)
    {
        var to = await _kafka.CreateTopicAsync(mostBytes: 2000);
        var texts = Enumerable.Range(0, 20).Select(n => new string((char)('a' + n), n == 7 ? 5000 : 500)).ToList();
        File.WriteAllLines(_folder["in.ndjson"], texts.Select(text => $$"""{"text":"{{text}}"}"""));
        WritePipeline("type: file, connection: in.ndjson, options: { format: json }", to, delivery, "compression: none");

        var run = await Cli.RunAsync(_folder.Path, "run", "p.yaml", "--output", "json");

        run.Succeeded();
        var counters = JsonDocument.Parse(run.Out.Trim().Split('\n')[^1]).RootElement;
        Assert.Equal((19, 1), (counters.GetProperty("delivered").GetInt64(), counters.GetProperty("deadLettered").GetInt64()));
        Assert.Equal(texts.Where(text => text.Length == 500).Select(text => $$"""{"text":"{{text}}"}"""), Committed(to));
    }

    [Fact]
    public async Task A_time_is_where_a_new_group_starts()
    {
        var topic = await KafkaTopic.CreateAsync(_kafka);
        var noon = new DateTime(2024, 1, 1, 12, 0, 0, DateTimeKind.Utc);
        topic.Write(Enumerable.Range(0, 5).Select(hour => new Message<byte[]?, byte[]?>
        {
            Value = Encoding.UTF8.GetBytes($$"""{"n":{{hour}}}"""),
            Timestamp = new Timestamp(noon.AddHours(hour)),
        }));

        var records = await KafkaTopic.ReadAsync(Source.Create("p", topic.Config(("auto-offset-reset", "timestamp:2024-01-01T14:00:00Z"))), 3);

        Assert.Equal([2L, 3L, 4L], records.Select(record => record.GetInt64("n")));
    }

    [Fact]
    public async Task The_topic_of_the_checkpoints_is_made_compacted_with_one_partition()
    {
        var to = await _kafka.CreateTopicAsync();
        _folder.Write("in.ndjson", "{}\n");
        WritePipeline("type: file, connection: in.ndjson, options: { format: json }", to, "effectively-once");

        (await Cli.RunAsync(_folder.Path, "run", "p.yaml")).Succeeded();

        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = _kafka.Address }).Build();
        var described = await admin.DescribeConfigsAsync([new ConfigResource { Type = ResourceType.Topic, Name = $"checkpoints-of-{to}" }]);
        Assert.Equal("compact", described[0].Entries["cleanup.policy"].Value);
        Assert.Single(admin.GetMetadata($"checkpoints-of-{to}", Limit).Topics[0].Partitions);
    }

    [Fact]
    public async Task A_checkpoint_behind_the_open_transaction_of_another_pipeline_is_not_overlooked()
    {
        var to = await _kafka.CreateTopicAsync();
        var checkpoints = await _kafka.CreateTopicAsync(prefix: "checkpoints");
        var time = TimeProvider.System;
        using var other = new ProducerBuilder<string, string>(new ProducerConfig { BootstrapServers = _kafka.Address, TransactionalId = $"other-{to}" }).Build();
        other.InitTransactions(Limit);
        await using (var sink = KafkaSinkFaultTests.Sink("effectively-once", _kafka, to, checkpoints))
        {
            await sink.OpenAsync(KafkaSinkFaultTests.Context(time), CancellationToken.None);
            other.BeginTransaction();
            await other.ProduceAsync(new TopicPartition(checkpoints, 0), new Message<string, string> { Key = "other", Value = "{}" });
            await KafkaSinkFaultTests.CommitAsync(sink, ("split", new SplitPosition(7, "{}")));
        }

        await using var next = KafkaSinkFaultTests.Sink("effectively-once", _kafka, to, checkpoints);
        var opening = next.OpenAsync(KafkaSinkFaultTests.Context(time), CancellationToken.None);
        other.CommitTransaction(Limit);

        Assert.Equal(7, (await opening)!.Splits["split"].Offset);
    }

    private void WritePipeline(string source, string to, string delivery, string options = "") => _folder.Write("p.yaml", $$"""
        name: p-{{to}}
        source: { {{source}} }
        sink:
          type: kafka
          connection: "{{_kafka.Address}}"
          options: { topic: {{to}}, checkpoint-topic: checkpoints-of-{{to}}{{(options.Length > 0 ? $", {options}" : "")}} }
        delivery: {{delivery}}
        commit-interval: 20ms

        """);

    private List<string> Committed(string topic)
    {
        using var consumer = new ConsumerBuilder<Ignore, string>(new ConsumerConfig
        {
            BootstrapServers = _kafka.Address,
            GroupId = "reader",
            EnablePartitionEof = true,
            IsolationLevel = IsolationLevel.ReadCommitted,
        }).SetLogHandler((_, _) => { }).Build();
        consumer.Assign(new TopicPartitionOffset(topic, 0, Offset.Beginning));
        var values = new List<string>();
        while (consumer.Consume() is { IsPartitionEOF: false } result)
        {
            values.Add(result.Message.Value);
        }

        return values;
    }
}
