using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Kafka;

/// <summary>The metrics of the guide's Kafka monitoring, from real runs.</summary>
public sealed class KafkaMonitoringTests(KafkaFixture fixture) : IClassFixture<KafkaFixture>
{
    private const string Lag = "dataflow.source.kafka.lag";

    [Fact]
    [Trait("claim", "KAFKA-25")]
    [Trait("claim", "KAFKA-31")]
    public async Task Lag_is_what_is_not_yet_delivered_and_goes_back_to_nothing()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        var pipeline = $"lag-{topic.Name}";
        using var metrics = new CollectedMetrics(pipeline);
        topic.WriteTo(0, [.. Enumerable.Range(0, 100).Select(n => $$"""{"n":{{n}}}""")]);
        var standing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var source = Source.Create(pipeline, topic.Config());
        var run = source.Start(async (_, _) => await standing.Task);

        await Eventually.Is(() => Observed(metrics) == 100);
        standing.SetResult();
        await Eventually.Is(() => Observed(metrics) == 0);
        await source.Stop();
        await run;
    }

    [Fact]
    [Trait("claim", "KAFKA-26")]
    [Trait("claim", "KAFKA-27")]
    public async Task Throughput_errors_and_rebalances_are_counted()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        var pipeline = $"counted-{topic.Name}";
        using var metrics = new CollectedMetrics(pipeline);
        topic.WriteTo(0, ["{}", "{}", "no json"]);
        var taken = 0;
        await using var source = Source.Create(pipeline, topic.Config());
        var run = source.Start((records, _) =>
        {
            Interlocked.Add(ref taken, records.Count);
            return ValueTask.CompletedTask;
        });
        await Eventually.Is(() => Volatile.Read(ref taken) == 3);
        await source.Stop();
        await run;

        Assert.Equal(3, metrics["dataflow.source.records.read"]);
        Assert.True(metrics["dataflow.source.bytes.read"] > 0);
        Assert.Equal(1, metrics["dataflow.source.parse.errors"]);
        Assert.True(metrics["dataflow.source.kafka.rebalances"] >= 1);
    }

    private static double Observed(CollectedMetrics metrics)
    {
        metrics.Observe();
        return metrics.Names.Contains(Lag) ? metrics[Lag] : -1;
    }
}
