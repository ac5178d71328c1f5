using DataFlow.Engine;
using DataFlow.Engine.State;

namespace DataFlow.Conformance;

/// <content>The sink in the real engine, with faults at every step.</content>
public abstract partial class SinkConformance<TFixture>
{
    private const int Numbers = 30;

    /// <summary>What a sink of these numbers ends up with: every tenth is bad.</summary>
    private static IEnumerable<long> Expected => Enumerable.Range(0, Numbers).Where(number => number % 10 != 9).Select(number => (long)number);

    [Fact]
    public async Task A_crash_at_any_step_loses_nothing_and_doubles_nothing_that_it_promises_to_undo()
    {
        var store = NewStore();
        for (var step = 1; ; step++)
        {
            // Each run dies one step later than the one before; the last one comes through.
            var outcome = await RunAsync(store, new FaultSchedule().At(step, Fault.Crash));
            if (outcome.Error is null)
            {
                break;
            }

            Assert.True(step < 1000, "The run needs more and more steps.");
        }

        await AssertDeliveredAsync();
    }

    [Theory]
    [InlineData(FaultStep.SinkOpen, Fault.Throw)]
    [InlineData(FaultStep.SinkOpen, Fault.ReplyLost)]
    [InlineData(FaultStep.SinkWrite, Fault.Throw)]
    [InlineData(FaultStep.SinkWrite, Fault.PartialWrite)]
    [InlineData(FaultStep.SinkWrite, Fault.ReplyLost)]
    [InlineData(FaultStep.SinkCommit, Fault.Throw)]
    [InlineData(FaultStep.SinkCommit, Fault.ReplyLost)]
    [InlineData(FaultStep.StoreCommit, Fault.Throw)]
    [InlineData(FaultStep.StoreCommit, Fault.ReplyLost)]
    public async Task A_failure_at_a_step_loses_nothing_and_doubles_nothing_that_it_promises_to_undo(string step, Fault fault)
    {
        var store = NewStore();
        foreach (var time in new[] { 1, 2, 3 })
        {
            await RunAsync(store, new FaultSchedule().At(step, time, fault));
        }

        Assert.Null((await RunAsync(store, new FaultSchedule())).Error);

        await AssertDeliveredAsync();
    }

    private static InMemoryStateStore NewStore() => new(TimeProvider.System);

    private async Task AssertDeliveredAsync()
    {
        var written = await Fixture.ReadAsync(Ct);
        if (Fixture.Capabilities.Replay == SinkReplay.Repeated)
        {
            Assert.Equal(Expected, written.Distinct().Order());
        }
        else
        {
            Assert.Equal(Expected, written);
        }
    }

    private async Task<PipelineOutcome> RunAsync(InMemoryStateStore store, FaultSchedule faults)
    {
        var script = new NumberSource.Script { Total = Numbers };
        var spec = new PipelineSpec
        {
            PipelineId = "conformance",
            SourceType = "numbers",
            CreateSource = () => new NumberSource(script),
            SourceCapabilities = new SourceCapabilities(Replayable: true),
            CreateSink = () => FaultySink.Around(Fixture.Create(), faults),
            CommitInterval = TimeSpan.Zero,
            MaxAttempts = 1,
        };
        var outcome = await new PipelineRunner(spec, new FaultyStore(store, faults), TimeProvider.System, _log, _pool)
            .RunAsync(CancellationToken.None).WaitAsync(Limit, Ct);
        Assert.Equal(0, _pool.Lent);
        return outcome;
    }
}
