using System.Text;
using Confluent.Kafka;
using DataFlow.Conformance;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.IntegrationTests.Kafka;

/// <summary>The metrics of the guide's Kafka monitoring, from real runs.</summary>
public sealed class KafkaMonitoringTests(KafkaFixture fixture) : IClassFixture<KafkaFixture>
{
    private const string Lag = "dataflow.source.kafka.lag";
    private const string LagTime = "dataflow.source.kafka.lag.time";
    private const string CommitErrors = "dataflow.source.kafka.commit.errors";

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(5);

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

    [Fact]
    [Trait("claim", "KAFKA-25")]
    public async Task Lag_in_seconds_is_the_age_of_the_last_delivered_message_while_there_are_later_ones()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        var pipeline = $"late-{topic.Name}";
        var time = new FakeTimeProvider(new DateTimeOffset(2024, 1, 1, 12, 0, 0, TimeSpan.Zero));
        using var metrics = new CollectedMetrics(pipeline);
        topic.Write(Enumerable.Range(0, 2).Select(n => new Message<byte[]?, byte[]?>
        {
            Value = Encoding.UTF8.GetBytes($$"""{"n":{{n}}}"""),
            Timestamp = new Timestamp(time.GetUtcNow().UtcDateTime.AddMinutes(-1)),
        }));
        var standing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var source = Source.Create(pipeline, topic.Config() with { BatchSize = 1 }, new SourceServices { Time = time });
        var run = source.Start(async (records, _) =>
        {
            if (records[0].GetInt64("n") == 1)
            {
                await standing.Task;
            }
        });

        await Eventually.Is(() => Later(time, metrics, LagTime) >= 60);
        Assert.Equal(1, metrics[Lag]);
        standing.SetResult();
        await Eventually.Is(() => Later(time, metrics, LagTime) == 0);
        await StopAsync(source, time);
        await run;
    }

    [Fact]
    public async Task Commits_that_fail_are_counted_and_repeated()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        var pipeline = $"uncommitted-{topic.Name}";
        using var metrics = new CollectedMetrics(pipeline);
        const int OffsetCommit = 8;
        await fixture.Kafka.FailNextAsync(OffsetCommit, (int)ErrorCode.OffsetMetadataTooLarge);
        topic.WriteTo(0, ["{}", "{}"]);
        await using var source = Source.Create(pipeline, topic.Config());
        var run = source.Start((_, _) => ValueTask.CompletedTask);

        await Eventually.Is(() => metrics[CommitErrors] >= 1);
        await Eventually.Is(() => fixture.Kafka.CommittedOffset(topic.Group, topic.Name) == 2);
        await source.Stop();
        await run;
    }

    [Theory]
    [InlineData("classic", "there may be more members than partitions")]
    [InlineData("consumer", "the brokers may not support group-protocol: consumer")]
    public async Task A_member_of_a_group_that_gets_no_partition_says_so_until_it_gets_one(string protocol, string reason)
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        var time = new FakeTimeProvider();
        var log = new CollectedLog();
        await using var first = Source.Create("first", topic.Config(("group-protocol", protocol)));
        var firstTook = 0;
        var firstRun = first.Start((_, _) =>
        {
            Interlocked.Increment(ref firstTook);
            return ValueTask.CompletedTask;
        });
        topic.WriteTo(0, ["{}"]);
        await Eventually.Is(() => Volatile.Read(ref firstTook) > 0);

        var secondTook = 0;
        await using var second = Source.Create("second", topic.Config(("group-protocol", protocol)), new SourceServices { Time = time, Logger = log });
        var secondRun = second.Start((_, _) =>
        {
            Interlocked.Increment(ref secondTook);
            return ValueTask.CompletedTask;
        });
        await Eventually.Is(() =>
        {
            time.Advance(Tick);
            return second.HealthReason?.Contains("has given us no partition for 30 s", StringComparison.Ordinal) == true;
        });
        Assert.Contains(reason, second.HealthReason, StringComparison.Ordinal);
        await first.Stop();
        await firstRun;
        topic.WriteTo(0, ["{}"]);
        await Eventually.Is(() =>
        {
            time.Advance(Tick);
            return Volatile.Read(ref secondTook) > 0 && second.IsHealthy && second.HealthReason is null or "";
        });
        await StopAsync(second, time);
        await secondRun;
    }

    private static double Observed(CollectedMetrics metrics)
    {
        metrics.Observe();
        return metrics.Names.Contains(Lag) ? metrics[Lag] : -1;
    }

    /// <summary>A gauge after a while; -1 while there is no value.</summary>
    private static double Later(FakeTimeProvider time, CollectedMetrics metrics, string name)
    {
        time.Advance(Tick);
        metrics.Observe();
        return metrics.Names.Contains(name) ? metrics[name] : -1;
    }

    /// <summary>Stops a source whose clock stands still unless it is moved.</summary>
    private static Task StopAsync(Source source, FakeTimeProvider time)
    {
        var stopping = source.Stop();
        return Eventually.Is(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(10));
            return stopping.IsCompleted;
        });
    }
}
