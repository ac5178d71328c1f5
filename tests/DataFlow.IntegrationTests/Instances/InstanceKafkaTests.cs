using System.Text.Json;
using DataFlow.IntegrationTests.Kafka;

namespace DataFlow.IntegrationTests.Instances;

/// <summary>Instances that assign themselves the partitions of a topic, run by hand through the built command.</summary>
public sealed class InstanceKafkaTests(KafkaFixture fixture) : IClassFixture<KafkaFixture>
{
    [Fact]
    public async Task Each_partition_is_read_by_one_instance_and_one_without_a_partition_comes_to_its_end_too()
    {
        using var folder = new TemporaryFolder();
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka, partitions: 2);
        foreach (var partition in (int[])[0, 1])
        {
            topic.WriteTo(partition, [.. Enumerable.Range(partition * 500, 500).Select(number => $$"""{"n": {{number}}}""")]);
        }

        folder.Write("p.yaml", $$"""
            name: topic
            instances: 3
            source:
              type: kafka
              connection: {{fixture.Kafka.Address}}
              options: { topic: {{topic.Name}}, group-id: {{topic.Group}} }
            sink: { type: file, connection: "out-{instance}.ndjson" }
            delivery: effectively-once
            """);
        var read = new List<int[]>();
        for (var number = 1; number <= 3; number++)
        {
            (await Cli.RunAsync(folder.Path, "run", "p.yaml", "--instance", $"{number}", "--until", "caught-up")).Succeeded();
            read.Add(Written(folder[$"out-{number}.ndjson"]));
        }

        Assert.Equal(Enumerable.Range(0, 500), read[0]);
        Assert.Equal(Enumerable.Range(500, 500), read[1]);
        Assert.Empty(read[2]);
    }

    private static int[] Written(string path) => !File.Exists(path) ? [] :
    [
        .. File.ReadLines(path).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("n").GetInt32()).Order(),
    ];
}
