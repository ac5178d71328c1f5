using Akka.Actor;
using Akka.Remote;
using Akka.Remote.Transport;
using DataFlow.Cluster;
using DataFlow.Conformance;
using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;
using Microsoft.Extensions.DependencyInjection;

namespace DataFlow.IntegrationTests.Cluster;

/// <summary>Three nodes in this process, which share a store and a disk, with quick timing: they join, leave, and lose each other.</summary>
public sealed class ThreeNodeTests : IAsyncLifetime
{
    private const int Pipelines = 12;

    private static readonly ClusterTiming Quick = new()
    {
        Heartbeat = TimeSpan.FromMilliseconds(200),
        Pause = TimeSpan.FromSeconds(1),
        StableAfter = TimeSpan.FromSeconds(1),
        Margin = TimeSpan.FromMilliseconds(500),
    };

    private readonly TemporaryFolder _folder = new();
    private readonly List<TestNode> _nodes = [];
    private readonly int[] _ports = FreePorts.Take(3);
    private IServiceStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _store = SqliteServiceStore.Open(_folder["state"], TimeProvider.System);
        foreach (var number in (int[])[0, 1, 2])
        {
            _nodes.Add(await StartAsync(number));
        }

        await Eventually.IsAsync(async () =>
        {
            var nodes = await _nodes[0].Pipelines.NodesAsync(default);
            return (nodes.Count(node => node.Membership == "up") == 3, string.Join(", ", nodes));
        });
        foreach (var name in Names)
        {
            await _nodes[0].Pipelines.AddAsync(name, Definition(name), path: null, TestNode.By, default);
            await _nodes[0].Pipelines.ExecuteAsync(name, LifecycleCommand.Start, TestNode.By, default);
        }

        await AllMoveOnAsync(_nodes[0]);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Pipelines_are_spread_over_the_nodes_and_any_node_answers_for_all()
    {
        await Eventually.IsAsync(() => Task.FromResult((_nodes.TrueForAll(node => node.Runs.All.Count > 0), "a node runs nothing")));
        foreach (var node in _nodes)
        {
            foreach (var name in Names)
            {
                // Nobody runs it while it moves, as it may soon after the start.
                await Eventually.IsAsync(async () =>
                {
                    var status = await node.Pipelines.GetAsync(name, default);
                    Assert.Equal(LifecycleState.Running, status.Pipeline.State);
                    return (status.Run is not null, $"{name} has no run");
                });
            }

            await node.Pipelines.ExecuteAsync("p3", LifecycleCommand.Pause, TestNode.By, default);
            await node.Pipelines.ExecuteAsync("p3", LifecycleCommand.Resume, TestNode.By, default);
        }

        await AuditAsync(_nodes[0]);
    }

    [Fact]
    public async Task A_node_that_leaves_hands_its_pipelines_over_and_nothing_is_lost_or_doubled()
    {
        await _nodes[2].StopAsync();
        await AllMoveOnAsync(_nodes[0]);
        Assert.Equal(Pipelines, _nodes[0].Runs.All.Count + _nodes[1].Runs.All.Count);
        await AuditAsync(_nodes[0]);
    }

    [Fact]
    public async Task The_founder_leaves_and_comes_back()
    {
        await _nodes[0].StopAsync();
        await AllMoveOnAsync(_nodes[1]);
        await _nodes[0].DisposeAsync();
        _nodes[0] = await StartAsync(0);
        await Eventually.IsAsync(() => Task.FromResult((_nodes[0].Runs.All.Count > 0, "the founder runs nothing")));
        await AuditAsync(_nodes[1]);
    }

    [Fact]
    public async Task A_node_that_is_cut_off_stops_its_pipelines_and_the_majority_runs_them()
    {
        await Eventually.IsAsync(() => Task.FromResult((_nodes[2].Runs.All.Count > 0, "the third node runs nothing")));
        await CutOffAsync(_nodes[2]);
        await Eventually.IsAsync(() => Task.FromResult((
            _nodes[2].Runs.All.Count == 0 && _nodes[0].Runs.All.Count + _nodes[1].Runs.All.Count == Pipelines,
            $"{_nodes[0].Runs.All.Count} + {_nodes[1].Runs.All.Count}, cut off {_nodes[2].Runs.All.Count}")));
        await AllMoveOnAsync(_nodes[0]);
        await AuditAsync(_nodes[0]);
    }

    private static IEnumerable<string> Names => Enumerable.Range(1, Pipelines).Select(number => $"p{number}");

    private static string Definition(string name) => $$"""
        name: {{name}}
        source:
          type: test
          options: { records-per-second: 200, audit: true }
          batch-size: 20
        sink:
          type: file
          connection: {{name}}.ndjson
        delivery: effectively-once
        commit-interval: 50ms
        """;

    private Task<TestNode> StartAsync(int number) => TestNode.StartAsync(
        new ClusterOptions
        {
            NodeName = $"node{number}",
            Address = new Uri($"http://127.0.0.1:{number + 1}"),
            StateFolder = Path.Combine(_folder.Path, $"node{number}"),
            Root = _folder.Path,
            Database = "the store of this test",
            Port = _ports[number],
            Seeds = [.. _ports.Select(port => $"127.0.0.1:{port}")],
            Nodes = 3,
            Timing = Quick,
            Protocol = "akka.trttl.tcp",
            Settings = """akka.remote.dot-netty.tcp.applied-adapters = ["trttl"]""",
        },
        _store);

    private async Task CutOffAsync(TestNode node)
    {
        foreach (var (from, to) in _nodes.Where(other => other != node).SelectMany(other => ((TestNode, TestNode)[])[(other, node), (node, other)]))
        {
            var transport = ((IRemoteActorRefProvider)((ExtendedActorSystem)from.Services.GetRequiredService<ActorSystem>()).Provider).Transport;
            var address = Akka.Cluster.Cluster.Get(to.Services.GetRequiredService<ActorSystem>()).SelfAddress;
            await transport.ManagementCommand(new SetThrottle(address, ThrottleTransportAdapter.Direction.Both, Blackhole.Instance));
        }
    }

    /// <summary>Every pipeline delivers more than it has by now.</summary>
    private async Task AllMoveOnAsync(TestNode node)
    {
        foreach (var name in Names)
        {
            var before = await DeliveredAsync(name);
            await Eventually.IsAsync(async () => (await DeliveredAsync(name) > before + 20, $"{name}: {await node.Pipelines.GetAsync(name, default)}"));
        }
    }

    private async Task<long> DeliveredAsync(string name) => (await _store.State.ReadAsync(name, default))?.Checkpoint.Counters.Delivered ?? 0;

    /// <summary>Stops everything; each file holds the records 1 to n, each once and in order, and the counters say n.</summary>
    private async Task AuditAsync(TestNode node)
    {
        foreach (var name in Names)
        {
            await node.Pipelines.ExecuteAsync(name, LifecycleCommand.Stop, TestNode.By, default);
            NumberedFile.Assert(_folder[$"{name}.ndjson"], (await _store.State.ReadAsync(name, default))!.Checkpoint.Counters);
        }
    }
}
