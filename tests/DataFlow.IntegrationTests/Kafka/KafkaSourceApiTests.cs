using System.Collections.Concurrent;
using Confluent.Kafka;
using DataFlow.Conformance;
using DataFlow.Connectors;
using DataFlow.KafkaBroker;

namespace DataFlow.IntegrationTests.Kafka;

/// <summary>The guide's Kafka Source through the Source API.</summary>
public sealed class KafkaSourceApiTests(KafkaFixture fixture) : IClassFixture<KafkaFixture>
{
    [Fact]
    [Trait("claim", "KAFKA-10")]
    [Trait("claim", "KAFKA-28")]
    public async Task The_complete_example_starts_reports_its_offset_and_stops()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        topic.WriteTo(0, ["""{"id":"o-1"}""", """{"id":"o-2"}""", """{"id":"o-3"}"""]);
        var taken = new ConcurrentQueue<string>();
        var config = new SourceConfig
        {
            SourceType = "kafka",
            ConnectionString = fixture.Kafka.Address,
            Options = new Dictionary<string, string>
            {
                ["topic"] = topic.Name,
                ["group-id"] = topic.Group,
                ["format"] = "json",
                ["auto-offset-reset"] = "earliest",
                ["max-poll-records"] = "500",
            },
            BatchSize = 1000,
            PollIntervalMs = 1000,
        };

        await using var source = new KafkaSource("order-pipeline", config);
        Assert.Equal(0, source.CurrentOffset);
        var run = source.Start((records, _) =>
        {
            foreach (var record in records)
            {
                taken.Enqueue(record.Id);
            }

            return ValueTask.CompletedTask;
        });
        await Eventually.Is(() => taken.Count == 3 && source.CurrentOffset == 2);
        await source.Stop();
        await run;

        Assert.Equal(["o-1", "o-2", "o-3"], taken);
        Assert.Equal(2, source.CurrentOffset);
    }

    [Fact]
    [Trait("claim", "KAFKA-28")]
    public async Task Reading_resumes_after_an_offset_and_is_refused_where_there_are_several_partitions()
    {
        var one = await KafkaTopic.CreateAsync(fixture.Kafka);
        one.WriteTo(0, [.. Enumerable.Range(0, 10).Select(n => $$"""{"n":{{n}}}""")]);
        var source = Source.Create("p", one.Config());
        source.ResumeFrom(6);
        Assert.Equal([7L, 8L, 9L], (await KafkaTopic.ReadAsync(source, 3)).Select(record => record.GetInt64("n")));

        var behind = Source.Create("behind", one.Config(("group-id", one.Group + "-behind")));
        behind.ResumeFrom(99);
        var tooFar = await Assert.ThrowsAsync<ConnectorException>(() => KafkaTopic.ReadAsync(behind, 1));
        Assert.Contains("its end is 10. Set at most 9", tooFar.Message, StringComparison.Ordinal);

        var several = await KafkaTopic.CreateAsync(fixture.Kafka, partitions: 2);
        var refused = Source.Create("p", several.Config());
        refused.ResumeFrom(6);
        var error = await Assert.ThrowsAsync<ConnectorException>(() => KafkaTopic.ReadAsync(refused, 1));
        Assert.Contains("2 partitions", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("claim", "KAFKA-04")]
    public async Task Earliest_reads_from_the_beginning_and_latest_only_new_messages()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        topic.WriteTo(0, ["""{"n":1}"""]);
        var taken = new ConcurrentQueue<long>();
        await using var latest = Source.Create("latest", topic.Config(("group-id", topic.Group + "-latest"), ("auto-offset-reset", "latest")));
        var run = latest.Start((records, _) =>
        {
            taken.Enqueue(records.Sum(record => record.GetInt64("n")));
            return ValueTask.CompletedTask;
        });
        await Eventually.Is(() => fixture.Kafka.CommittedOffset(topic.Group + "-latest", topic.Name) == 1);
        topic.WriteTo(0, ["""{"n":2}"""]);
        await Eventually.Is(() => !taken.IsEmpty);
        await latest.Stop();
        await run;

        Assert.Equal([2L], taken);
        Assert.Equal([1L, 2L], (await KafkaTopic.ReadAsync(Source.Create("earliest", topic.Config()), 2)).Select(record => record.GetInt64("n")));
    }

    [Fact]
    public async Task Offsets_that_are_given_are_where_a_new_group_starts()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        topic.WriteTo(0, [.. Enumerable.Range(0, 10).Select(n => $$"""{"n":{{n}}}""")]);

        var records = await KafkaTopic.ReadAsync(Source.Create("p", topic.Config(("auto-offset-reset", $"{topic.Name}:0:8"))), 2);

        Assert.Equal([8L, 9L], records.Select(record => record.GetInt64("n")));
    }

    [Fact]
    public async Task A_group_that_started_at_a_time_goes_on_where_it_stands()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        topic.WriteTo(0, [.. Enumerable.Range(0, 2).Select(n => $$"""{"n":{{n}}}""")]);
        fixture.Kafka.Commit(topic.Group, topic.Name, 0, 1);

        var records = await KafkaTopic.ReadAsync(Source.Create("p", topic.Config(("auto-offset-reset", "timestamp:2024-01-01T14:00:00Z"))), 1);

        Assert.Equal(1, Assert.Single(records).GetInt64("n"));
    }

    [Fact]
    public async Task A_partition_that_is_younger_than_the_group_is_read_from_its_beginning_with_latest_also_without_a_checkpoint()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka, partitions: 2);
        topic.WriteTo(0, ["""{"n":1}""", """{"n":2}"""]);
        topic.WriteTo(1, ["""{"n":3}"""]);
        fixture.Kafka.Commit(topic.Group, topic.Name, 0, 1);

        var records = await KafkaTopic.ReadAsync(Source.Create("p", topic.Config(("auto-offset-reset", "latest"))), 2);

        Assert.Equal([2L, 3L], records.Select(record => record.GetInt64("n")).Order());
    }

    [Fact]
    public async Task Several_topics_and_patterns_are_read_together()
    {
        var prefix = $"many{Guid.NewGuid():N}"[..12];
        var first = new KafkaTopic(fixture.Kafka, await fixture.Kafka.CreateTopicAsync(prefix: prefix));
        var second = new KafkaTopic(fixture.Kafka, await fixture.Kafka.CreateTopicAsync(prefix: prefix));
        first.WriteTo(0, ["{}"]);
        second.WriteTo(0, ["{}"]);

        foreach (var topics in new[] { $"{first.Name},{second.Name}", $"^{prefix}-.*" })
        {
            var records = await KafkaTopic.ReadAsync(Source.Create("p", first.Config(("topic", topics), ("group-id", $"{topics.Length}-{prefix}"))), 2);
            Assert.Equal(new[] { first.Name, second.Name }.Order(), records.Select(record => record.Metadata["topic"]).Order());
        }
    }

    [Theory]
    [InlineData("at-least-once")]
    [InlineData("effectively-once")]
    public async Task A_topic_that_is_younger_than_the_pipeline_is_read_from_its_beginning_also_with_latest(string delivery)
    {
        using var folder = new TemporaryFolder();
        var prefix = $"young{Guid.NewGuid():N}"[..12];
        var first = new KafkaTopic(fixture.Kafka, await fixture.Kafka.CreateTopicAsync(prefix: prefix));
        first.WriteTo(0, ["""{"n":"before"}"""]);
        folder.Write("p.yaml", $$"""
            name: p
            source:
              type: kafka
              connection: "{{fixture.Kafka.Address}}"
              options: { topic: "^{{prefix}}-.*", group-id: {{prefix}}, auto-offset-reset: latest, session-timeout: 6s }
            sink: { type: file, connection: out.ndjson, options: { if-exists: append } }
            delivery: {{delivery}}

            """);
        (await Cli.RunAsync(folder.Path, "run", "p.yaml", "--until", "caught-up")).Succeeded();
        var second = new KafkaTopic(fixture.Kafka, await fixture.Kafka.CreateTopicAsync(prefix: prefix));
        second.WriteTo(0, ["""{"n":"after"}"""]);

        (await Cli.RunAsync(folder.Path, "run", "p.yaml", "--until", "caught-up")).Succeeded();

        Assert.Equal(["""{"n":"after"}"""], File.ReadLines(folder["out.ndjson"]));
    }

    [Fact]
    public async Task A_topic_that_begins_to_match_while_a_group_reads_is_read_from_its_beginning_also_with_latest()
    {
        var prefix = $"young{Guid.NewGuid():N}"[..12];
        var first = new KafkaTopic(fixture.Kafka, await fixture.Kafka.CreateTopicAsync(prefix: prefix));
        var taken = new ConcurrentQueue<string>();
        await using var source = Source.Create("p", first.Config(
            ("topic", $"^{prefix}-.*"), ("auto-offset-reset", "latest"), ("client", "{ topic.metadata.refresh.interval.ms: 500 }")));
        var run = source.Start((records, _) =>
        {
            taken.Enqueue(records[0].Metadata["topic"]);
            return ValueTask.CompletedTask;
        });
        await Eventually.Is(() => fixture.Kafka.CommittedOffset(first.Group, first.Name) == 0);
        var second = new KafkaTopic(fixture.Kafka, await fixture.Kafka.CreateTopicAsync(prefix: prefix));
        second.WriteTo(0, ["{}"]);

        await Eventually.Is(() => !taken.IsEmpty);
        await source.Stop();
        await run;

        Assert.Equal([second.Name], taken);
    }

    [Fact]
    [Trait("claim", "KAFKA-07")]
    [Trait("claim", "KAFKA-09")]
    public async Task The_string_example_works_with_two_brokers()
    {
        await using var kafka = await TestKafka.StartAsync(brokers: 2);
        var topic = await KafkaTopic.CreateAsync(kafka, partitions: 2);
        var config = new SourceConfig
        {
            SourceType = "kafka",
            ConnectionString = kafka.Address,
            Options = new Dictionary<string, string>
            {
                ["topic"] = topic.Name,
                ["group-id"] = "logs-consumer",
                ["format"] = "string",
                ["auto-offset-reset"] = "latest",
                ["max-poll-records"] = "500",
            },
            BatchSize = 500,
            PollIntervalMs = 1000,
        };
        Assert.True(kafka.IsReal || config.ConnectionString.Contains(',', StringComparison.Ordinal));
        var taken = new ConcurrentQueue<string?>();
        await using var source = Source.Create("p", config);
        var run = source.Start((records, _) =>
        {
            taken.Enqueue(records[0]["value"]);
            return ValueTask.CompletedTask;
        });
        await Eventually.Is(() => kafka.CommittedOffset("logs-consumer", topic.Name, 1) == 0);
        topic.WriteTo(1, ["a raw log line"]);
        await Eventually.Is(() => !taken.IsEmpty);
        await source.Stop();
        await run;

        Assert.Equal(["a raw log line"], taken);
    }

    [Fact]
    [Trait("claim", "KAFKA-07")]
    public async Task A_bootstrap_server_that_is_dead_is_made_up_for_by_another_one()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        topic.WriteTo(0, ["{}"]);

        var records = await KafkaTopic.ReadAsync(
            Source.Create("p", topic.Config() with { ConnectionString = $"127.0.0.1:1,{fixture.Kafka.Address}" }), 1);

        Assert.Single(records);
    }

    [Fact]
    [Trait("claim", "KAFKA-06")]
    public async Task A_batch_joins_several_fetches_of_max_poll_records()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        topic.WriteTo(0, [.. Enumerable.Range(0, 100).Select(n => $$"""{"n":{{n}}}""")]);
        var sizes = new List<int>();
        await foreach (var batch in Source.Create("p", topic.Config(("max-poll-records", "3")) with { BatchSize = 20, PollIntervalMs = 60_000 }).StreamBatches())
        {
            sizes.Add(batch.Count);
            batch.Release();
            if (sizes.Sum() == 100)
            {
                break;
            }
        }

        Assert.Equal([20, 20, 20, 20, 20], sizes.Where(size => size > 0));
    }

    [Fact]
    public async Task The_batch_path_and_the_message_path_give_the_same_records()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka, partitions: 2);
        topic.Write(
        [
            new Message<byte[]?, byte[]?> { Key = "k"u8.ToArray(), Value = """{"id":"1","a":null}"""u8.ToArray(), Headers = [new Header("h", "1"u8.ToArray()), new Header("h", null), new Header("b", [0xFF])] },
            new Message<byte[]?, byte[]?> { Value = null },
            new Message<byte[]?, byte[]?> { Key = [], Value = [] },
            new Message<byte[]?, byte[]?> { Key = [0xFF], Value = "no json"u8.ToArray() },
            new Message<byte[]?, byte[]?> { Value = "[1,2]"u8.ToArray() },
        ]);
        topic.WriteTo(1, [.. Enumerable.Range(0, 500).Select(n => $$"""{"n":{{n}},"k{{n % 7}}":"é"}""")]);
        var byMessage = new Catalogue(
            [KafkaSourceDefinition.Definition with { Create = settings => new KafkaSourceConnector(new KafkaSourceSetup(settings) { UsesMessagePath = true }) }], [], []);

        var batch = await KafkaTopic.ReadAsync(Source.Create("p", topic.Config(("group-id", topic.Group + "-batch"))), 505);
        var message = await KafkaTopic.ReadAsync(
            Source.Create("p", topic.Config(("group-id", topic.Group + "-message")), new SourceServices { Catalogue = byMessage }), 505);

        Assert.Equal(batch.Select(Shown).Order(), message.Select(Shown).Order());

        static string Shown(DataRecord record) =>
            $"{record.DeliveryId} {record.Id} {record.Operation} [{string.Join(", ", record.Data)}] "
            + string.Join(", ", record.Metadata.Where(pair => pair.Key is not ("timestamp" or "source_id")).OrderBy(pair => pair.Key, StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_sink_that_stands_still_pauses_the_partitions_and_nothing_is_lost_when_it_goes_on()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka, partitions: 2);
        var text = new string('x', 1000);
        for (var partition = 0; partition < 2; partition++)
        {
            var own = partition;
            topic.WriteTo(partition, [.. Enumerable.Range(0, 4000).Where(n => n % 2 == own).Select(n => $$"""{"n":{{n}},"text":"{{text}}"}""")]);
        }

        var taken = new ConcurrentQueue<long>();
        var standing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var log = new CollectedLog();
        await using var source = Source.Create("p", topic.Config() with { BatchSize = 100 }, new SourceServices { Logger = log });
        var run = source.Start(async (records, _) =>
        {
            await standing.Task;
            foreach (var record in records)
            {
                taken.Enqueue(record.GetInt64("n"));
            }
        });
        await Eventually.Is(() => log.Lines.Any(line => line.Contains("paused", StringComparison.Ordinal)));
        standing.SetResult();
        await Eventually.Is(() => taken.Count >= 4000);
        await source.Stop();
        await run;

        Assert.Equal(Enumerable.Range(0, 4000).Select(n => (long)n), taken.Order());
    }
}
