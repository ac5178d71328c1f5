using DataFlow.Conformance;
using DataFlow.Engine;
using DataFlow.Engine.State;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.UnitTests.Engine;

/// <summary>A pipeline of numbers into a ledger, with everything that survives a crash in one place.</summary>
internal sealed class EngineBench
{
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
        return new PipelineRunner(Spec, store ?? Store, Time, NullLogger.Instance, Pool);
    }

    public Task<PipelineOutcome> RunAsync(
        Func<PipelineSpec, PipelineSpec>? change = null, CancellationToken stop = default, IStateStore? store = null) =>
        Runner(change, store).RunAsync(stop);

    /// <summary>What must be in the ledger when all is done: neither bad numbers nor refused ones.</summary>
    public IEnumerable<int> Expected => Enumerable.Range(0, Source.Total).Where(number => number % 10 != 9 && number % 10 != Ledger.RefusedDigit);
}
