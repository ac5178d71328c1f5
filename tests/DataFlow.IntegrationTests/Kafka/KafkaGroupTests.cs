using System.Collections.Concurrent;
using DataFlow.Conformance;
using DataFlow.KafkaBroker;

namespace DataFlow.IntegrationTests.Kafka;

/// <summary>Several sources in one group: they share partitions, and what one gives back the other goes on with.</summary>
public sealed class KafkaGroupTests : IAsyncLifetime
{
    private const int Partitions = 4;

    private readonly ConcurrentQueue<(string By, int Partition, long Number)> _taken = new();
    private TestKafka _kafka = null!;
    private KafkaTopic _topic = null!;
    private int _published;

    public async ValueTask InitializeAsync()
    {
        _kafka = await TestKafka.StartAsync();
        _topic = await KafkaTopic.CreateAsync(_kafka, Partitions);
    }

    public ValueTask DisposeAsync() => _kafka.DisposeAsync();

    [Theory]
    [InlineData("classic")]
    [InlineData("consumer")]
    [Trait("claim", "KAFKA-16")]
    public async Task Two_pipelines_share_the_partitions_and_a_graceful_leave_doubles_nothing(string protocol)
    {
        // A member that a busy machine keeps from answering a rebalance in time is thrown out, and its records come twice by right. The
        // mock gives it a second less than the session, and takes all of that for each rebalance.
        var config = _topic.Config(("group-protocol", protocol), ("session-timeout", "15s"));
        var config2 = config with { };
        await using var first = Source.Create("pipeline-1", config);
        var firstRun = first.Start(Take("pipeline-1"));
        await PublishUntil(() => By("pipeline-1").Count() == Partitions);

        await using var second = Source.Create("pipeline-2", config2);
        var secondRun = second.Start(Take("pipeline-2"));
        await PublishUntil(() => By("pipeline-2").Any());
        await first.Stop();
        await firstRun;
        await PublishUntil(() => By("pipeline-2").Count() == Partitions);
        await Eventually.Is(() => _taken.Select(record => record.Number).Distinct().Count() == _published);
        await second.Stop();
        await secondRun;

        Assert.Equal(Enumerable.Range(0, _published).Select(number => (long)number), _taken.Select(record => record.Number).Order());
        Assert.Equal(_published, Enumerable.Range(0, Partitions).Sum(partition => _kafka.CommittedOffset(_topic.Group, _topic.Name, partition)));
    }

    [Fact]
    public async Task A_storm_of_rebalances_loses_nothing()
    {
        const int Storms = 3;
        await using var steady = Source.Create("steady", _topic.Config());
        var steadyRun = steady.Start(Take("steady"));
        await PublishUntil(() => By("steady").Any());
        for (var storm = 0; storm < Storms; storm++)
        {
            // Two come at once, and go in the middle of the rebalance that the first of them to get something is a part of.
            string[] names = [$"guest-{storm}-1", $"guest-{storm}-2"];
            var guests = names.Select(name => Source.Create(name, _topic.Config())).ToList();
            var runs = guests.Zip(names, (guest, name) => guest.Start(Take(name))).ToList();
            await PublishUntil(() => names.Any(name => By(name).Any()));
            await Task.WhenAll(guests.Select(guest => guest.Stop()));
            await Task.WhenAll(runs);
            foreach (var guest in guests)
            {
                await guest.DisposeAsync();
            }
        }

        await PublishUntil(() => _taken.Reverse().TakeWhile(record => record.By == "steady").Select(record => record.Partition).Distinct().Count() == Partitions);
        await Eventually.Is(() => _taken.Select(record => record.Number).Distinct().Count() == _published);
        await steady.Stop();
        await steadyRun;

        // Who leaves in the middle of a rebalance may find that its last commit does not count any more: those records come twice.
        Assert.Equal(Enumerable.Range(0, _published).Select(number => (long)number), _taken.Select(record => record.Number).Distinct().Order());
        Assert.Equal(_published, Enumerable.Range(0, Partitions).Sum(partition => _kafka.CommittedOffset(_topic.Group, _topic.Name, partition)));
    }

    [Fact]
    public async Task What_can_not_be_delivered_in_time_is_read_again_by_the_new_owner_and_never_committed_by_the_old_one()
    {
        var standing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var isStanding = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var take = Take("slow");
        await using var slow = Source.Create("slow", _topic.Config());
        var slowRun = slow.Start(async (records, ct) =>
        {
            isStanding.TrySetResult();
            await standing.Task;
            await take(records, ct);
        });
        await PublishUntil(() => _published >= 40);
        await isStanding.Task.WaitAsync(TimeSpan.FromMinutes(2));

        await using var quick = Source.Create("quick", _topic.Config());
        var quickRun = quick.Start(Take("quick"));
        await Eventually.Is(() => By("quick").Any());
        standing.SetResult();
        await Eventually.Is(() => _taken.Select(record => record.Number).Distinct().Count() == _published);
        await slow.Stop();
        await slowRun.ContinueWith(_ => { }, TaskScheduler.Default);
        await quick.Stop();
        await quickRun;

        Assert.Equal(Enumerable.Range(0, _published).Select(number => (long)number), _taken.Select(record => record.Number).Distinct().Order());
    }

    private IEnumerable<int> By(string pipeline) => _taken.Where(record => record.By == pipeline).Select(record => record.Partition).Distinct();

    private Func<IReadOnlyList<DataRecord>, CancellationToken, ValueTask> Take(string pipeline) => (records, _) =>
    {
        foreach (var record in records)
        {
            _taken.Enqueue((pipeline, int.Parse(record.Metadata["partition"]), record.GetInt64("n")));
        }

        return ValueTask.CompletedTask;
    };

    /// <summary>Writes a message into each partition, again and again, until something has come about.</summary>
    private Task PublishUntil(Func<bool> condition) => Eventually.Is(() =>
    {
        for (var partition = 0; partition < Partitions; partition++)
        {
            _topic.WriteTo(partition, [$$"""{"n":{{_published++}}}"""]);
        }

        return condition();
    });
}
