using DataFlow.Conformance;
using DataFlow.Engine;
using DataFlow.Engine.State;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.UnitTests.Engine;

/// <summary>A pipeline of numbers into a ledger, with everything that survives a crash in one place.</summary>
internal sealed class EngineBench
{
    private PipelineRunner? _runner;

    public EngineBench(NumberSource.Script? source = null, LedgerSink.Ledger? ledger = null, IStateStore? store = null)
    {
        Source = source ?? new NumberSource.Script();
        Ledger = ledger ?? new LedgerSink.Ledger();
        Store = store ?? new InMemoryStateStore(TimeProvider.System);
    }

    public NumberSource.Script Source { get; }

    public LedgerSink.Ledger Ledger { get; }

    public IStateStore Store { get; }

    public FakeTimeProvider Time { get; } = new();

    public BatchPool Pool { get; } = new();

    public PipelineSpec Spec { get; set; } = null!;

    public PipelineRunner Runner(Func<PipelineSpec, PipelineSpec>? change = null, IStateStore? store = null)
    {
        var spec = new PipelineSpec
        {
            PipelineId = "numbers",
            SourceType = "numbers",
            CreateSource = () => new NumberSource(Source),
            SourceCapabilities = new SourceCapabilities(Source.Replayable),
            CreateSink = () => new LedgerSink(Ledger),
            CommitInterval = TimeSpan.Zero,
            MaxAttempts = 1,
        };
        Spec = change?.Invoke(spec) ?? spec;
        return _runner = new PipelineRunner(Spec, store ?? Store, Time, NullLogger.Instance, Pool);
    }

    /// <summary>
    /// Waits for the run. Its clock skips the pauses between attempts and otherwise keeps pace with the real one: a clock that
    /// ran ahead would run through the limits of a slow machine.
    /// </summary>
    public async Task<PipelineOutcome> FinishAsync(Task<PipelineOutcome> run)
    {
        var step = TimeSpan.FromMilliseconds(1);
        while (!run.IsCompleted)
        {
            Time.Advance(_runner!.Progress.State == RunState.BackingOff ? TimeSpan.FromSeconds(1) : step);
            await Task.WhenAny(run, Task.Delay(step, TimeProvider.System));
        }

        return await run;
    }

    public Task<PipelineOutcome> RunAsync(
        Func<PipelineSpec, PipelineSpec>? change = null, CancellationToken stop = default, IStateStore? store = null) =>
        Runner(change, store).RunAsync(stop);

    /// <summary>What must be in the ledger when all is done: neither bad numbers nor refused ones.</summary>
    public IEnumerable<int> Expected => Enumerable.Range(0, Source.Total).Where(number => number % 10 != 9 && number % 10 != Ledger.RefusedDigit);
}
