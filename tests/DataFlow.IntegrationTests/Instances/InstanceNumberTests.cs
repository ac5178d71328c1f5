using System.Net;
using System.Text.Json.Nodes;
using DataFlow.Conformance;
using DataFlow.IntegrationTests.Kafka;
using DataFlow.IntegrationTests.Service;

namespace DataFlow.IntegrationTests.Instances;

/// <summary>Instances that come and go while the consumer group keeps the positions.</summary>
public sealed class InstanceNumberTests(KafkaFixture fixture, TestService service) : IClassFixture<KafkaFixture>, IClassFixture<TestService>
{
    [Fact]
    public async Task What_an_instance_has_written_stays_when_it_goes_and_comes_back()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka, partitions: 2);
        var published = 0;
        await service.AddAsync(Definition(instances: 2));
        foreach (var instances in (int[])[2, 1, 2])
        {
            (await service.SendAsync(HttpMethod.Put, "pipelines/scaled", Definition(instances), ifMatch: "*")).Is(HttpStatusCode.OK);
            foreach (var partition in (int[])[0, 1])
            {
                topic.WriteTo(partition, [.. Enumerable.Range(published, 100).Select(number => $$"""{"n": {{number}}}""")]);
                published += 100;
            }

            await service.PostAsync("pipelines/scaled/start");
            await Eventually.IsAsync(() => Task.FromResult((Written("scaled-*.ndjson") == published, $"{Written("scaled-*.ndjson")} of {published} are there")));
            await service.PostAsync("pipelines/scaled/stop");
        }

        string Definition(int instances) => $$"""
            name: scaled
            instances: {{instances}}
            source:
              type: kafka
              connection: {{fixture.Kafka.Address}}
              options: { topic: {{topic.Name}}, group-id: {{topic.Group}}, session-timeout: 6s }
              poll-interval-ms: 50
            sink: { type: file, connection: "scaled-{instance}.ndjson", options: { if-exists: append } }
            commit-interval: 50ms
            """;
    }

    [Fact]
    public async Task What_was_written_stays_when_the_state_is_reset_while_the_group_goes_on()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        await service.AddAsync($$"""
            name: reset
            source:
              type: kafka
              connection: {{fixture.Kafka.Address}}
              options: { topic: {{topic.Name}}, group-id: {{topic.Group}}, session-timeout: 6s }
              poll-interval-ms: 50
            sink: { type: file, connection: reset.ndjson, options: { if-exists: append } }
            commit-interval: 50ms
            """);
        foreach (var published in (int[])[100, 200])
        {
            topic.WriteTo(0, [.. Enumerable.Range(published, 100).Select(number => $$"""{"n": {{number}}}""")]);
            await service.PostAsync("pipelines/reset/start");
            await Eventually.IsAsync(() => Task.FromResult((Written("reset.ndjson") == published, $"{Written("reset.ndjson")} of {published} are there")));
            await service.PostAsync("pipelines/reset/stop");
            await service.PostAsync("pipelines/reset/state/reset");
        }
    }

    private int Written(string pattern) => Directory.EnumerateFiles(service.Folder, pattern)
        .SelectMany(File.ReadLines).Select(line => JsonNode.Parse(line)!["n"]!.GetValue<int>()).Distinct().Count();
}
