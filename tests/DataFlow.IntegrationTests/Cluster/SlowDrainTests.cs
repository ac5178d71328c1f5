using DataFlow.Conformance;
using DataFlow.Engine.Lifecycle;

namespace DataFlow.IntegrationTests.Cluster;

/// <summary>A node stops while a sink takes longer over its last batch than the sharding lets its entities live.</summary>
public sealed class SlowDrainTests
{
    private const string Definition = """
        name: slow
        source:
          type: test
          options: { records-per-second: 1000 }
          batch-size: 10
        sink:
          type: held
        """;

    [Fact]
    public async Task The_stop_of_a_node_waits_for_the_last_commit_and_gives_the_lease_back()
    {
        using var folder = new TemporaryFolder();
        var sink = new HeldSink();
        var catalogue = BuiltInCatalogue.Instance.With(new SinkDefinition
        {
            Name = "held",
            Summary = "Takes its time.",
            ConnectionDescription = "Nothing.",
            ConnectionExample = "nothing",
            ConnectionRequired = false,
            OptionsType = typeof(NoOptions),
            Capabilities = _ => new SinkCapabilities(SinkReplay.Repeated, "it is a test"),
            Create = _ => sink,
        });
        await using var node = await TestNode.StartAsync(folder.Path, catalogue);
        await node.Pipelines.AddAsync("slow", Definition, path: null, TestNode.By, default);
        await node.Pipelines.ExecuteAsync("slow", LifecycleCommand.Start, TestNode.By, default);
        await Eventually.Is(() => sink.Taken > 100);
        sink.Hold();
        await Eventually.Is(() => sink.IsHeld);

        var stopped = node.StopAsync();
        await Task.Delay(TimeSpan.FromSeconds(12), TimeProvider.System);
        Assert.False(stopped.IsCompleted);
        Assert.Empty(await node.Store.Leases.OrphansAsync(default));
        sink.LetGo();
        await stopped;

        Assert.Equal(sink.Taken, (await node.Store.State.ReadAsync("slow", default))!.Checkpoint.Counters.Delivered);
        Assert.Equal(["slow"], await node.Store.Leases.OrphansAsync(default));
    }

    private sealed record NoOptions;

    /// <summary>Counts records, and keeps a batch for as long as it is told to.</summary>
    private sealed class HeldSink : ISink
    {
        private TaskCompletionSource? _held;
        private long _taken;

        public long Taken => Volatile.Read(ref _taken);

        public bool IsHeld { get; private set; }

        public void Hold() => _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void LetGo() => _held!.SetResult();

        public ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct) => ValueTask.FromResult<Checkpoint?>(null);

        public async ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct)
        {
            if (_held is { } held)
            {
                IsHeld = true;
                await held.Task;
            }

            Interlocked.Add(ref _taken, batch.Count);
            return WriteResult.Written;
        }

        public ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct) => ValueTask.FromResult<string?>(null);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
