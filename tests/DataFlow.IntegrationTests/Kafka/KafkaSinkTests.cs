using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Kafka;

/// <summary>What the Kafka sink writes, through the built command.</summary>
public sealed class KafkaSinkTests(KafkaFixture fixture) : IClassFixture<KafkaFixture>
{
    [Fact]
    public async Task Records_become_messages_with_key_partition_and_headers_in_the_topic_that_they_name()
    {
        using var folder = new TemporaryFolder();
        var topic = await fixture.Kafka.CreateTopicAsync(3);
        folder.Write("in.ndjson", """
            {"id":"a","to":2,"country":"ch"}
            {"id":"b","to":0,"country":"de"}
            {"to":0,"country":"de"}
            {"id":"c","to":9,"country":"de"}
            {"id":"d","to":"x","country":"de"}

            """);
        folder.Write("p.yaml", Pipeline("file", "in.ndjson", "format: json", $$$"""
            topic: "{{{topic}}}", key: "{country}-{id}", partition: to, headers: { origin: dataflow, from: "{@source}", none: "{missing}" }
            """));

        var run = await Cli.RunAsync(folder.Path, "run", "p.yaml", "--output", "json");

        run.Succeeded();
        var counters = JsonDocument.Parse(run.Out.Trim().Split('\n')[^1]).RootElement;
        Assert.Equal((2, 3), (counters.GetProperty("delivered").GetInt64(), counters.GetProperty("deadLettered").GetInt64()));
        var messages = Read(topic, 3);
        Assert.Equal(
            [("ch-a", 2, """{"id":"a","to":2,"country":"ch"}"""), ("de-b", 0, """{"id":"b","to":0,"country":"de"}""")],
            messages.Select(message => (Text(message.Message.Key), message.Partition.Value, Text(message.Message.Value))).Order().Cast<(string, int, string)>());
        Assert.All(messages, message => Assert.Equal(
            [("origin", "dataflow"), ("from", "file")], message.Message.Headers.Select(header => (header.Key, Text(header.GetValueBytes())))));
    }

    [Fact]
    public async Task A_topic_that_is_copied_keeps_keys_values_and_tombstones()
    {
        using var folder = new TemporaryFolder();
        var from = await KafkaTopic.CreateAsync(fixture.Kafka);
        var to = await fixture.Kafka.CreateTopicAsync();
        from.Write(("k1", "one"), (null, "two"), ("k1", null), ("k3", ""));
        byte[] noText = [0xFF, 0x00, 0xFE];
        from.Write([new Message<byte[]?, byte[]?> { Key = noText, Value = "five"u8.ToArray() }, new Message<byte[]?, byte[]?> { Key = [], Value = "six"u8.ToArray() }]);
        folder.Write("p.yaml", Pipeline(
            "kafka", fixture.Kafka.Address, $"topic: {from.Name}, format: string, session-timeout: 6s", $"topic: {to}, format: string"));

        (await Cli.RunAsync(folder.Path, "run", "p.yaml", "--until", "caught-up")).Succeeded();

        var written = Read(to, 1);
        Assert.Equal(
            [("k1", "one"), (null, "two"), ("k1", null), ("k3", "")],
            written.Take(4).Select(message => (Text(message.Message.Key), Text(message.Message.Value))));
        Assert.Equal([noText, []], written.Skip(4).Select(message => message.Message.Key));
    }

    [Fact]
    public async Task The_checkpoint_in_the_topic_governs_also_where_the_own_state_is_gone()
    {
        using var folder = new TemporaryFolder();
        var from = await KafkaTopic.CreateAsync(fixture.Kafka);
        var to = await fixture.Kafka.CreateTopicAsync();
        var checkpoints = await fixture.Kafka.CreateTopicAsync(prefix: "checkpoints");
        from.WriteTo(0, [.. Enumerable.Range(0, 500).Select(n => $"message {n}")]);
        folder.Write("p.yaml", Pipeline(
            "kafka",
            fixture.Kafka.Address,
            $"topic: {from.Name}, format: string, session-timeout: 6s",
            $"topic: {to}, format: string, checkpoint-topic: {checkpoints}",
            $"copy-{to}") + "delivery: effectively-once\n");

        (await Cli.RunAsync(folder.Path, "run", "p.yaml", "--until", "caught-up")).Succeeded();
        from.WriteTo(0, [.. Enumerable.Range(500, 100).Select(n => $"message {n}")]);
        Directory.Delete(folder[".dataflow"], recursive: true);
        (await Cli.RunAsync(folder.Path, "run", "p.yaml", "--until", "caught-up")).Succeeded();

        Assert.Equal(Enumerable.Range(0, 600).Select(n => $"message {n}"), Read(to, 1).Select(message => Text(message.Message.Value)));
    }

    [Fact]
    public async Task Another_client_reads_what_was_written_and_writes_what_is_read()
    {
        var kcat = RequiredServer.Require("kcat", RequiredServer.FindProgram("kcat"), "Install it: apt-get install kafkacat.");
        using var folder = new TemporaryFolder();
        var from = await fixture.Kafka.CreateTopicAsync();
        var to = await fixture.Kafka.CreateTopicAsync();
        await RunAsync(kcat, ["-b", fixture.Kafka.Address, "-P", "-t", from, "-K", "|"], "k1|{\"a\":1}\nk2|{\"a\":2}\n");
        folder.Write("p.yaml", Pipeline("kafka", fixture.Kafka.Address, $"topic: {from}, session-timeout: 6s", $"topic: {to}"));

        (await Cli.RunAsync(folder.Path, "run", "p.yaml", "--until", "caught-up")).Succeeded();

        var read = await RunAsync(kcat, ["-b", fixture.Kafka.Address, "-C", "-t", to, "-e", "-q", "-f", "%k|%s\n"], "");
        Assert.Equal("k1|{\"a\":1}\nk2|{\"a\":2}\n", read);
    }

    [Fact]
    public async Task A_topic_name_that_a_record_could_choose_freely_is_refused()
    {
        using var folder = new TemporaryFolder();
        folder.Write("p.yaml", Pipeline("file", "in.ndjson", "format: json", "topic: \"{country}\""));

        var run = await Cli.RunAsync(folder.Path, "validate", "p.yaml");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("must begin with fixed text", run.Error, StringComparison.Ordinal);
    }

    private static async Task<string> RunAsync(string program, string[] arguments, string input)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output;
    }

    private static string? Text(byte[]? bytes) => bytes is null ? null : Encoding.UTF8.GetString(bytes);

    private List<ConsumeResult<byte[]?, byte[]?>> Read(string topic, int partitions)
    {
        using var consumer = new ConsumerBuilder<byte[]?, byte[]?>(new ConsumerConfig
        {
            BootstrapServers = fixture.Kafka.Address,
            GroupId = "reader",
            EnablePartitionEof = true,
        }).SetLogHandler((_, _) => { }).Build();
        consumer.Assign(Enumerable.Range(0, partitions).Select(partition => new TopicPartitionOffset(topic, partition, Offset.Beginning)));
        var messages = new List<ConsumeResult<byte[]?, byte[]?>>();
        for (var ends = 0; ends < partitions;)
        {
            var result = consumer.Consume();
            if (result.IsPartitionEOF)
            {
                ends++;
            }
            else
            {
                messages.Add(result);
            }
        }

        return messages;
    }

    private string Pipeline(string source, string connection, string sourceOptions, string sinkOptions, string name = "p") =>
        $$"""
        name: {{name}}
        source: { type: {{source}}, connection: "{{connection}}", options: { {{sourceOptions}} } }
        sink: { type: kafka, connection: "{{fixture.Kafka.Address}}", options: { {{sinkOptions.Trim()}} } }

        """;
}
