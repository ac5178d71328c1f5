using System.Runtime.CompilerServices;
using DataFlow.Conformance;
using DataFlow.Engine;
using DataFlow.Engine.State;

namespace DataFlow.UnitTests.Engine;

/// <summary>What happens between a failed attempt and the next one.</summary>
public sealed class RecoveryTests
{
    [Fact]
    public async Task What_a_source_that_can_not_replay_still_holds_when_the_sink_fails_is_delivered_later()
    {
        var bench = new EngineBench(ledger: new LedgerSink.Ledger { RefusedDigit = -1 });
        var writes = 0;
        bench.Ledger.Step = step => _ = step == "write" && ++writes == 2 ? throw ConnectorException.External("The network is gone.") : 0;
        var received = 0;

        // As a socket does: what has arrived is in memory, and comes out after the stop too.
        async IAsyncEnumerable<RecordBatch> Read(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
        {
            await Task.Yield();
            var next = received;
            received += 20;
            for (var arrived = received; next < arrived; next += 5)
            {
                yield return ScriptedSource.Batch(context, "socket", next, next + 5, advances: false);
            }
        }

        await bench.FinishAsync(bench.RunAsync(spec => spec with
        {
            CreateSource = () => new ScriptedSource(Read),
            SourceCapabilities = new SourceCapabilities(Replayable: false),
            MaxAttempts = 3,
        }));

        Assert.Equal(Enumerable.Range(0, 40), bench.Ledger.Values);
        Assert.Equal(0, bench.Pool.Lent);
    }

    [Fact]
    public async Task A_stop_between_two_attempts_first_delivers_what_can_not_be_read_again()
    {
        using var stop = new CancellationTokenSource();
        var bench = new EngineBench(new NumberSource.Script { Replayable = false, Total = 20 });
        var commits = 0;
        bench.Ledger.Step = step => _ = step == "sink-commit" && ++commits == 2 ? throw ConnectorException.External("The network is gone.") : 0;
        var runner = bench.Runner(spec => spec with { MaxAttempts = null, CommitInterval = TimeSpan.FromHours(1) });
        var run = runner.RunAsync(stop.Token);
        await Eventually.Is(() => runner.Progress.State == RunState.BackingOff);

        await stop.CancelAsync();
        var outcome = await run;

        Assert.Equal((RunState.Stopped, null, 20L), (outcome.State, outcome.Error, outcome.Run.Read));
        Assert.Equal(bench.Expected, bench.Ledger.Values);
    }

    [Fact]
    public async Task A_stop_says_so_when_what_can_not_be_read_again_could_not_be_delivered()
    {
        using var stop = new CancellationTokenSource();
        var bench = new EngineBench(new NumberSource.Script { Replayable = false, Total = 20 });
        bench.Ledger.Step = step => _ = step == "write" ? throw ConnectorException.External("The network is gone.") : 0;
        var runner = bench.Runner(spec => spec with { MaxAttempts = null });
        var run = runner.RunAsync(stop.Token);
        await Eventually.Is(() => runner.Progress.State == RunState.BackingOff);

        await stop.CancelAsync();
        var outcome = await run;

        Assert.Equal((RunState.Failed, "The network is gone."), (outcome.State, outcome.Error?.Message));
        Assert.Equal(0, bench.Pool.Lent);
    }

    [Fact]
    public async Task A_state_store_that_is_away_for_longer_than_an_attempt_is_waited_for()
    {
        var store = new FaultyStore(new InMemoryStateStore(TimeProvider.System));
        var bench = new EngineBench(store: store);
        var commits = 0;
        bench.Ledger.Step = step =>
        {
            if (step == "sink-commit" && ++commits == 4)
            {
                store.Faults.Next(FaultStep.StoreCommit, Fault.ReplyLost, Fault.Throw, Fault.Throw);
                store.Faults.Next(FaultStep.StoreRead, Fault.Throw, Fault.Throw, Fault.Throw);
            }
        };

        var outcome = await bench.FinishAsync(bench.RunAsync(spec => spec with { MaxAttempts = null }));

        Assert.Null(outcome.Error);
        Assert.Equal(bench.Expected, bench.Ledger.Values);
        Assert.Equal((100L, 0L), (outcome.Run.Read, outcome.Run.Unaccounted));
    }

    [Fact]
    public async Task Too_many_dead_letters_keep_the_next_run_from_reading_on()
    {
        var bench = new EngineBench();
        await bench.RunAsync(spec => spec with { MaxDeadLetters = 5, CommitInterval = TimeSpan.FromHours(1) });
        var values = bench.Ledger.Values.Count;

        var again = await bench.RunAsync(spec => spec with { MaxDeadLetters = 5 });

        Assert.Contains("more than max-dead-letters (5)", again.Error!.Message, StringComparison.Ordinal);
        Assert.Equal((0L, values), (again.Run.Read, bench.Ledger.Values.Count));
        Assert.True(values is > 0 and < 40);
    }

    [Fact]
    [Trait("claim", "SRC-10")]
    public async Task After_a_failure_it_is_healthy_again_once_something_was_read_and_not_before()
    {
        var bench = new EngineBench(ledger: new LedgerSink.Ledger { RefusedDigit = -1 });
        var connected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var checkedAll = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var attempts = 0;

        async IAsyncEnumerable<RecordBatch> Read(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
        {
            await Task.Yield();
            if (++attempts == 1)
            {
                throw ConnectorException.External("The server is away.");
            }

            await connected.Task;
            yield return ScriptedSource.Batch(context, "a", 0, 5);
            await checkedAll.Task;
        }

        var runner = bench.Runner(spec => spec with { CreateSource = () => new ScriptedSource(Read), MaxAttempts = 3 });
        var run = runner.RunAsync(CancellationToken.None);
        await Eventually.Is(() => runner.Progress.State == RunState.BackingOff);
        Assert.False(runner.Progress.IsHealthy);
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.Is(() => runner.Progress.State == RunState.Running && attempts == 2);
        Assert.False(runner.Progress.IsHealthy);
        Assert.StartsWith("The server is away.", runner.Progress.Reason, StringComparison.Ordinal);
        connected.SetResult();
        await Eventually.Is(() => runner.Progress.IsHealthy);
        Assert.Null(runner.Progress.Reason);
        checkedAll.SetResult();
        await run;
    }

    [Fact]
    public async Task A_source_that_is_disconnected_stays_unhealthy_while_it_hands_on_what_it_had_read()
    {
        var bench = new EngineBench(ledger: new LedgerSink.Ledger { RefusedDigit = -1 });
        var seen = new List<(bool IsHealthy, string? Reason)>();
        PipelineRunner? runner = null;

        async IAsyncEnumerable<RecordBatch> Read(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
        {
            await Task.Yield();
            context.ReportConnectionError(new IOException("Connection reset."));
            yield return ScriptedSource.Batch(context, "a", 0, 5);
            seen.Add((runner!.Progress.IsHealthy, runner.Progress.Reason));
            context.Report(SourceHealth.Healthy, "connected");
            seen.Add((runner.Progress.IsHealthy, runner.Progress.Reason));
            context.Report(SourceHealth.Waiting, "rate limited until 10:05");
            seen.Add((runner.Progress.IsHealthy, runner.Progress.Reason));
            yield return ScriptedSource.Batch(context, "a", 5, 10);
            seen.Add((runner.Progress.IsHealthy, runner.Progress.Reason));
        }

        runner = bench.Runner(spec => spec with { CreateSource = () => new ScriptedSource(Read) });
        await runner.RunAsync(CancellationToken.None);

        Assert.Equal([(false, "Connection reset."), (true, null), (true, "rate limited until 10:05"), (true, null)], seen);
    }
}
