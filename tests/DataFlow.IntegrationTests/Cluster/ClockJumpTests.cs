using DataFlow.Conformance;
using DataFlow.Engine.Lifecycle;

namespace DataFlow.IntegrationTests.Cluster;

/// <summary>A service of one node whose machine is set to another time of day.</summary>
public sealed class ClockJumpTests
{
    private const string Endless = """
        name: endless
        source:
          type: test
          options: { records-per-second: 500, audit: true }
          batch-size: 50
        sink:
          type: file
          connection: endless.ndjson
        commit-interval: 50ms
        """;

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task Leases_timers_and_commits_go_on_when_the_clock_jumps(int hours)
    {
        using var folder = new TemporaryFolder();
        var clock = new JumpingClock();
        await using var node = await TestNode.StartAsync(folder.Path, time: clock);
        await node.Pipelines.AddAsync("endless", Endless, path: null, TestNode.By, default);
        await node.Pipelines.ExecuteAsync("endless", LifecycleCommand.Start, TestNode.By, default);
        await DeliversAsync(node);
        var run = node.Runs.Find("endless");

        clock.Jump(TimeSpan.FromHours(hours));
        await DeliversAsync(node);

        // Longer than a lease lasts, so that it was prolonged by the new time.
        await DeliversForAsync(node, TimeSpan.FromSeconds(10));
        Assert.Empty(await node.Store.Leases.OrphansAsync(default));
        Assert.Same(run, node.Runs.Find("endless"));
        Assert.Single(await node.Store.Nodes.ListAsync(default));
        await node.Pipelines.ExecuteAsync("endless", LifecycleCommand.Stop, TestNode.By, default);
        NumberedFile.Assert(folder["endless.ndjson"], (await node.Store.State.ReadAsync("endless", default))!.Checkpoint.Counters);
    }

    [Fact]
    public async Task A_node_that_starts_again_an_hour_before_its_last_life_goes_on_at_once()
    {
        using var folder = new TemporaryFolder();
        var clock = new JumpingClock();
        await using (var node = await TestNode.StartAsync(folder.Path, time: clock))
        {
            await node.Pipelines.AddAsync("endless", Endless, path: null, TestNode.By, default);
            await node.Pipelines.ExecuteAsync("endless", LifecycleCommand.Start, TestNode.By, default);
            await DeliversAsync(node);
        }

        clock.Jump(TimeSpan.FromHours(-1));
        await using var again = await TestNode.StartAsync(folder.Path, time: clock);
        await DeliversAsync(again);
        await again.Pipelines.ExecuteAsync("endless", LifecycleCommand.Stop, TestNode.By, default);
        NumberedFile.Assert(folder["endless.ndjson"], (await again.Store.State.ReadAsync("endless", default))!.Checkpoint.Counters);
    }

    private static async Task DeliversForAsync(TestNode node, TimeSpan time)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(started) < time)
        {
            await DeliversAsync(node);
        }
    }

    private static async Task DeliversAsync(TestNode node)
    {
        var before = await DeliveredAsync(node);
        await Eventually.IsAsync(async () =>
        {
            var now = await DeliveredAsync(node);
            return (now > before, $"{now} delivered");
        });
    }

    private static async Task<long> DeliveredAsync(TestNode node) =>
        (await node.Store.State.ReadAsync("endless", default))?.Checkpoint.Counters.Delivered ?? 0;

    /// <summary>The machine's clock with another time of day. What is measured and waited for is not touched by it, as in a real machine.</summary>
    private sealed class JumpingClock : TimeProvider
    {
        private long _ticks;

        public void Jump(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + new TimeSpan(Interlocked.Read(ref _ticks));
    }
}
