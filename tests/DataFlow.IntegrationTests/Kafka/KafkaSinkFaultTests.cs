using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using DataFlow.Conformance;
using DataFlow.Engine.Configuration;
using DataFlow.KafkaBroker;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.IntegrationTests.Kafka;

/// <summary>What brokers refuse: one message, a batch, a transaction or a whole run, each with its own outcome.</summary>
public sealed class KafkaSinkFaultTests : IAsyncLifetime
{
    private const int Produce = 0;
    private const int InitProducerId = 22;
    private const int AddPartitionsToTransaction = 24;
    private const int EndTransaction = 26;

    private readonly TemporaryFolder _folder = new();
    private TestKafka _kafka = null!;
    private string _topic = "";
    private string _checkpoints = "";

    public async ValueTask InitializeAsync()
    {
        _kafka = await TestKafka.StartAsync();
        _topic = await _kafka.CreateTopicAsync();
        _checkpoints = await _kafka.CreateTopicAsync(prefix: "checkpoints");
    }

    public async ValueTask DisposeAsync()
    {
        _folder.Dispose();
        await _kafka.DisposeAsync();
    }

    [Theory]
    [InlineData("at-least-once")]
    [InlineData("effectively-once")]
    public async Task A_message_that_is_too_large_for_the_topic_is_the_only_dead_letter_of_those_that_were_sent_with_it(string delivery)
    {
        await StartAsync(delivery);

        // The first refusal is of all three together, the second of the first one alone.
        await _kafka.FailNextAsync(Produce, (int)ErrorCode.MsgSizeTooLarge, (int)ErrorCode.MsgSizeTooLarge);
        var counters = await RunAsync(3);

        Assert.Equal((2, 1), (counters.GetProperty("delivered").GetInt64(), counters.GetProperty("deadLettered").GetInt64()));
        Assert.Equal(["""{"n":1}""", """{"n":2}"""], Written().Distinct());
    }

    [Theory]
    [InlineData("at-least-once", ErrorCode.MsgSizeTooLarge)]
    [InlineData("effectively-once", ErrorCode.MsgSizeTooLarge)]
    [InlineData("effectively-once", ErrorCode.InvalidRecord)]
    [InlineData("effectively-once", ErrorCode.UnknownProducerId)]
    public async Task Messages_that_are_refused_only_together_are_all_written_in_order(string delivery, ErrorCode refusal)
    {
        await StartAsync(delivery);

        await _kafka.FailNextAsync(Produce, (int)refusal);
        var counters = await RunAsync(3);

        Assert.Equal((3, 0), (counters.GetProperty("delivered").GetInt64(), counters.GetProperty("deadLettered").GetInt64()));
        Assert.Equal(["""{"n":0}""", """{"n":1}""", """{"n":2}"""], Written().TakeLast(3));
    }

    [Theory]
    [InlineData("at-least-once")]
    [InlineData("effectively-once")]
    public async Task A_record_that_names_a_topic_that_is_not_there_is_the_only_dead_letter(string delivery)
    {
        var absent = await _kafka.CreateTopicAsync();
        await _kafka.FailTopicAsync(absent, (int)ErrorCode.UnknownTopicOrPart);
        _folder.Write("in.ndjson", $$"""
            {"n":0,"to":"{{Own(_topic)}}"}
            {"n":1,"to":"{{Own(absent)}}"}
            {"n":2,"to":"{{Own(_topic)}}"}

            """);

        // The client waits that long for a topic that others may have made just now.
        WritePipeline(delivery, "topic: \"topic-{to}\", client: { topic.metadata.propagation.max.ms: 100 }");
        var counters = await RunAsync();

        Assert.Equal((2, 1), (counters.GetProperty("delivered").GetInt64(), counters.GetProperty("deadLettered").GetInt64()));
        Assert.Contains("no-such-topic", (await Cli.RunAsync(_folder.Path, "dead-letters", "list", "p.yaml")).Out, StringComparison.Ordinal);
        Assert.Equal(2, Written().Distinct().Count());

        static string Own(string topic) => topic["topic-".Length..];
    }

    [Theory]
    [InlineData("at-least-once")]
    [InlineData("effectively-once")]
    public async Task A_partition_that_a_topic_lacks_is_found_out_late_and_makes_a_dead_letter_of_the_record(string delivery)
    {
        // Until the brokers have made the topic, nobody knows how many partitions it has.
        _folder.Write("in.ndjson", """
            {"to":9}
            {"to":0}

            """);
        WritePipeline(delivery, $"topic: \"{_topic}-{{to}}\", partition: to");
        var counters = await RunAsync();

        Assert.Equal((1, 1), (counters.GetProperty("delivered").GetInt64(), counters.GetProperty("deadLettered").GetInt64()));
        Assert.Contains("bad-partition", (await Cli.RunAsync(_folder.Path, "dead-letters", "list", "p.yaml")).Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("at-least-once", Produce, ErrorCode.TopicAuthorizationFailed, "WRITE and DESCRIBE")]
    [InlineData("effectively-once", Produce, ErrorCode.TopicAuthorizationFailed, "WRITE and DESCRIBE")]
    [InlineData("effectively-once", AddPartitionsToTransaction, ErrorCode.TopicAuthorizationFailed, "WRITE and DESCRIBE")]
    [InlineData("effectively-once", InitProducerId, ErrorCode.TransactionalIdAuthorizationFailed, "WRITE and DESCRIBE on the transactional id")]
    public async Task A_right_that_is_missing_stops_the_run_and_is_named(string delivery, int request, ErrorCode refusal, string right)
    {
        await _kafka.FailNextAsync(request, [.. Enumerable.Repeat((int)refusal, 10)]);
        await using var sink = Sink(delivery);

        var error = await Assert.ThrowsAsync<ConnectorException>(async () =>
        {
            await sink.OpenAsync(Context(TimeProvider.System), CancellationToken.None);
            await WriteAsync(sink);
        });

        Assert.Equal((FaultOwner.User, RetryKind.Never), (error.Owner, error.Retry.Kind));
        Assert.Contains(right, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ErrorCode.ProducerFenced)]
    [InlineData(ErrorCode.InvalidProducerEpoch)]
    public async Task A_run_that_another_one_has_locked_out_stops_with_a_sentence(ErrorCode refusal)
    {
        await using var sink = Sink("effectively-once");
        await sink.OpenAsync(Context(new FakeTimeProvider()), CancellationToken.None);
        await WriteAsync(sink);
        await _kafka.FailNextAsync(EndTransaction, (int)refusal);

        var error = await Assert.ThrowsAsync<ConnectorException>(() => CommitAsync(sink));

        Assert.Equal((FaultOwner.User, RetryKind.Never), (error.Owner, error.Retry.Kind));
        Assert.Contains("was locked out", error.Message, StringComparison.Ordinal);
        Assert.Contains("its own name", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_transaction_that_brokers_gave_up_after_its_time_is_written_again()
    {
        var time = new FakeTimeProvider();
        await using var sink = Sink("effectively-once");
        await sink.OpenAsync(Context(time), CancellationToken.None);
        await WriteAsync(sink);
        time.Advance(TimeSpan.FromSeconds(61));
        await _kafka.FailNextAsync(EndTransaction, (int)ErrorCode.InvalidProducerEpoch);

        var error = await Assert.ThrowsAsync<ConnectorException>(() => CommitAsync(sink));

        Assert.Equal((FaultOwner.External, RetryKind.WithBackoff), (error.Owner, error.Retry.Kind));
        Assert.Contains("delivery-timeout (60 s)", error.Message, StringComparison.Ordinal);
        await sink.OpenAsync(Context(time), CancellationToken.None);
        await WriteAsync(sink);
        await CommitAsync(sink);
    }

    [Theory]
    [InlineData("at-least-once")]
    [InlineData("effectively-once")]
    public async Task Brokers_that_go_away_while_the_sink_writes_cost_no_record_and_change_no_order(string delivery)
    {
        const int Records = 3000;
        _folder.Write("p.yaml", $$"""
            name: p-{{_topic}}
            source: { type: test, options: { total-records: {{Records}}, records-per-second: 1000, audit: true }, batch-size: 50 }
            sink: { type: kafka, connection: "{{_kafka.Address}}", options: { topic: {{_topic}}, checkpoint-topic: {{_checkpoints}} } }
            delivery: {{delivery}}
            commit-interval: 50ms

            """);
        using var process = Cli.Start(_folder.Path, ["run", "p.yaml"]);
        var finished = Cli.FinishAsync(process);
        for (var times = 1; times <= 3; times++)
        {
            var some = times * 500;
            await Eventually.Is(() => finished.IsCompleted || Written().Count >= some);
            await _kafka.SetDownAsync();
            await _kafka.SetUpAsync();
        }

        (await finished).Succeeded();

        // The mock shows what was taken back, and what an unanswered request has brought comes twice at-least-once: the first of each counts.
        Assert.Equal(
            Enumerable.Range(1, Records),
            Written().Select(value => JsonDocument.Parse(value).RootElement.GetProperty("sequence").GetInt32()).Distinct());
    }

    internal static SinkContext Context(TimeProvider time) => new()
    {
        PipelineId = "p",
        Generation = 1,
        Epoch = 1,
        Time = time,
        Pool = BatchPool.Shared,
        Logger = NullLogger.Instance,
    };

    internal static async Task CommitAsync(ISink sink, params (string Split, SplitPosition Position)[] splits) => await sink.CommitAsync(
        new Checkpoint(1, 1, 1, splits.ToDictionary(split => split.Split, split => split.Position), default, null), CancellationToken.None);

    internal static ISink Sink(string delivery, TestKafka kafka, string topic, string checkpoints) => PipelineFile.Parse(
        $$"""
        name: p-{{topic}}
        source: { type: test, options: { total-records: 1 } }
        sink: { type: kafka, connection: "{{kafka.Address}}", options: { topic: {{topic}}, checkpoint-topic: {{checkpoints}} } }
        delivery: {{delivery}}

        """,
        "p.yaml",
        BuiltInCatalogue.Instance).CreateSink();

    private static async Task WriteAsync(ISink sink)
    {
        var batch = BatchPool.Shared.Rent(0);
        batch.Identity = new RecordIdentity("test", "split");
        batch.Begin(new RecordSchema("n"), 1);
        batch.AddRow(0, 0)[0] = batch.AddOverlay("1"u8);
        try
        {
            Assert.Empty((await sink.WriteAsync(batch, CancellationToken.None)).Refused ?? []);
        }
        finally
        {
            batch.Release();
        }
    }

    private ISink Sink(string delivery) => Sink(delivery, _kafka, _topic, _checkpoints);

    /// <summary>Runs a pipeline on a file without lines, so that what follows is not disturbed by its first commit.</summary>
    private async Task StartAsync(string delivery)
    {
        _folder.Write("in.ndjson", "");
        WritePipeline(delivery, $"topic: {_topic}");
        (await Cli.RunAsync(_folder.Path, "run", "p.yaml")).Succeeded();
    }

    private void WritePipeline(string delivery, string options) => _folder.Write("p.yaml", $$"""
        name: p-{{_topic}}
        source: { type: file, connection: in.ndjson, options: { format: json } }
        sink: { type: kafka, connection: "{{_kafka.Address}}", options: { {{options}}, checkpoint-topic: {{_checkpoints}} } }
        delivery: {{delivery}}

        """);

    private Task<JsonElement> RunAsync(int lines)
    {
        File.AppendAllLines(_folder["in.ndjson"], Enumerable.Range(0, lines).Select(n => $$"""{"n":{{n}}}"""));
        return RunAsync();
    }

    private async Task<JsonElement> RunAsync()
    {
        var run = await Cli.RunAsync(_folder.Path, "run", "p.yaml", "--output", "json");
        run.Succeeded();
        return JsonDocument.Parse(run.Out.Trim().Split('\n')[^1]).RootElement;
    }

    private List<string> Written()
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(new ConsumerConfig
        {
            BootstrapServers = _kafka.Address,
            GroupId = "reader",
            EnablePartitionEof = true,
        }).SetLogHandler((_, _) => { }).Build();
        consumer.Assign(new TopicPartitionOffset(_topic, 0, Offset.Beginning));
        var values = new List<string>();
        while (consumer.Consume() is { IsPartitionEOF: false } result)
        {
            values.Add(Encoding.UTF8.GetString(result.Message.Value));
        }

        return values;
    }
}
