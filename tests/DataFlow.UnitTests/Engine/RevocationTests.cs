using System.Runtime.CompilerServices;
using DataFlow.Conformance;
using DataFlow.Engine;

namespace DataFlow.UnitTests.Engine;

/// <summary>What a member of a group needs when splits come and go while it reads.</summary>
public sealed class RevocationTests
{
    private readonly EngineBench _bench = new(ledger: new LedgerSink.Ledger { RefusedDigit = -1 });
    private readonly List<string> _acknowledged = [];
    private int _attempts;

    [Fact]
    public async Task A_drain_within_a_pending_read_commits_and_acknowledges_what_was_yielded()
    {
        IReadOnlyDictionary<string, SplitPosition>? drained = null;
        string[] acknowledgedThen = [];

        async IAsyncEnumerable<RecordBatch> Read(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
        {
            yield return ScriptedSource.Batch(context, "a", 0, 5);
            yield return ScriptedSource.Batch(context, "b", 10, 15);
            await Task.Yield();
            drained = await context.DrainAsync(["a"], DateTimeOffset.MaxValue, CancellationToken.None);
            acknowledgedThen = [.. _acknowledged];
            context.Lost(["a"]);
            yield return ScriptedSource.Batch(context, "b", 15, 20);
        }

        var outcome = await RunAsync(Read);

        Assert.Null(outcome.Error);
        Assert.Equal(1, _attempts);
        Assert.Equal(5, Assert.Single(drained!).Value.Offset);
        Assert.Equal(["a:5", "b:15"], acknowledgedThen);
        Assert.Equal(15, outcome.Run.Delivered);
    }

    [Fact]
    public async Task A_drain_from_another_thread_while_the_loop_waits_is_answered()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        long? drained = null;

        async IAsyncEnumerable<RecordBatch> Read(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
        {
            yield return ScriptedSource.Batch(context, "a", 0, 5);
            _ = Task.Run(
                async () =>
                {
                    drained = (await context.DrainAsync(["a"], DateTimeOffset.MaxValue, CancellationToken.None))["a"].Offset;
                    done.SetResult();
                },
                CancellationToken.None);
            await done.Task;
        }

        await RunAsync(Read);

        Assert.Equal(5, drained);
    }

    [Fact]
    public async Task A_drain_whose_deadline_passes_returns_what_is_durable()
    {
        SourceContext? group = null;
        IReadOnlyDictionary<string, SplitPosition>? drained = null;

        async IAsyncEnumerable<RecordBatch> Read(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
        {
            group = context;
            await Task.Yield();
            yield return ScriptedSource.Batch(context, "a", 0, 5);
        }

        async Task RevokeAsync() => drained = await group!.DrainAsync(["a"], _bench.Time.GetUtcNow(), CancellationToken.None);

        await _bench.RunAsync(spec => spec with
        {
            CreateSource = () => new ScriptedSource(Read),
            CreateSink = () => new SlowSink(new LedgerSink(_bench.Ledger), RevokeAsync),
            CommitInterval = TimeSpan.FromHours(1),
        });

        Assert.Empty(drained!);
        Assert.Equal(5, _bench.Ledger.Values.Count);
    }

    [Fact]
    public async Task A_drain_whose_commit_fails_does_not_wait_for_its_deadline()
    {
        IReadOnlyDictionary<string, SplitPosition>? drained = null;
        var commits = 0;
        _bench.Ledger.Step = step => _ = step == "sink-commit" && ++commits == 2 ? throw ConnectorException.User("The disk is gone.") : 0;

        async IAsyncEnumerable<RecordBatch> Read(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
        {
            yield return ScriptedSource.Batch(context, "a", 0, 5);
            await Task.Yield();
            drained = await context.DrainAsync(["a"], DateTimeOffset.MaxValue, CancellationToken.None);
        }

        var outcome = await RunAsync(Read);

        Assert.Equal("The disk is gone.", outcome.Error?.Message);
        Assert.Empty(drained!);
    }

    [Fact]
    public async Task A_drain_after_the_attempt_returns_at_once()
    {
        IReadOnlyDictionary<string, SplitPosition>? drained = null;
        var writes = 0;
        _bench.Ledger.Step = step => _ = step == "write" && ++writes == 8 ? throw ConnectorException.User("The disk is gone.") : 0;

        async IAsyncEnumerable<RecordBatch> Read(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
        {
            try
            {
                yield return ScriptedSource.Batch(context, "a", 0, 5);
                yield return ScriptedSource.Batch(context, "a", 5, 10);
            }
            finally
            {
                // As a consumer does that leaves its group.
                drained = await context.DrainAsync(["a"], DateTimeOffset.MaxValue, CancellationToken.None);
            }
        }

        await RunAsync(Read, TimeSpan.Zero);

        Assert.Equal(5, drained!["a"].Offset);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Records_of_a_lost_split_that_are_not_committed_are_taken_back(int workers)
    {
        async IAsyncEnumerable<RecordBatch> Read(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
        {
            await Task.Yield();
            if (_attempts == 1)
            {
                yield return ScriptedSource.Batch(context, "a", 0, 5);
            }

            yield return ScriptedSource.Batch(context, "b", ScriptedSource.Start(context, "b", 10), 15);
            if (_attempts == 1)
            {
                await Task.Yield();
                context.Lost(["a"]);
                await Task.Delay(Timeout.InfiniteTimeSpan, context.Time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        var run = RunAsync(Read, workers: workers);
        await _bench.FinishAsync(run);

        Assert.Null((await run).Error);
        Assert.Equal(2, _attempts);
        Assert.Equal(Enumerable.Range(10, 5), _bench.Ledger.Values);
        Assert.Equal(["b:15"], _acknowledged);
        Assert.Equal(0, _bench.Pool.Lent);
    }

    private Task<PipelineOutcome> RunAsync(
        Func<SourceContext, CancellationToken, IAsyncEnumerable<RecordBatch>> read, TimeSpan? commitInterval = null, int workers = 1) =>
        _bench.RunAsync(spec => spec with
        {
            CreateSource = () =>
            {
                _attempts++;
                return new ScriptedSource(read, _acknowledged);
            },
            CommitInterval = commitInterval ?? TimeSpan.FromDays(1),
            MaxAttempts = 3,
            Workers = workers,
        });

    private sealed class SlowSink(ISink sink, Func<Task> meanwhile) : ISink
    {
        public ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct) => sink.OpenAsync(context, ct);

        public async ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct)
        {
            await meanwhile();
            return await sink.WriteAsync(batch, ct);
        }

        public ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct) => sink.CommitAsync(checkpoint, ct);

        public ValueTask DisposeAsync() => sink.DisposeAsync();
    }
}
