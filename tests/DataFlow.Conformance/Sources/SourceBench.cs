using DataFlow.Engine;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.State;

namespace DataFlow.Conformance;

/// <summary>
/// A source in the real engine, bound by the same rules as in a pipeline file, with everything that survives its runs: state,
/// sink, log. Ends runs of endless sources once they have read what is expected.
/// </summary>
internal sealed class SourceBench : IDisposable
{
    /// <summary>A run that takes longer hangs. Long, because the machine may be slow and busy, and soak tests take their time.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(Environment.GetEnvironmentVariable("DATAFLOW_SOAK") is null ? 3 : 30);

    private readonly Catalogue _catalogue;
    private readonly Func<SourceConfig> _config;

    public SourceBench(Catalogue catalogue, Func<SourceConfig> config)
    {
        _catalogue = catalogue;
        _config = config;
        PipelineId = $"conformance-{Guid.NewGuid():N}"[..24];
        Metrics = new CollectedMetrics(PipelineId);
    }

    public string PipelineId { get; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public IStateStore Store { get; init; } = new InMemoryStateStore(TimeProvider.System);

    public CollectedRecords Collected { get; } = new();

    public CollectedLog Log { get; } = new();

    public CollectedMetrics Metrics { get; }

    public BatchPool Pool { get; } = new();

    public int BatchSize { get; init; } = 7;

    public int Workers { get; init; } = 1;

    /// <summary>The folder that a state in files would be in; null for none.</summary>
    public string? StateFolder { get; init; }

    public SourceCapabilities Capabilities
    {
        get
        {
            var source = Bind();
            return source.Definition.Capabilities(source.Settings);
        }
    }

    /// <summary>One run to its end. Faults of the run are the outcome's error.</summary>
    /// <param name="expected">Records in the sink after which an endless source is stopped; left out, it has to end by itself.</param>
    /// <param name="faults">What goes wrong.</param>
    /// <param name="change">Other settings of the run.</param>
    /// <param name="stop">Stops the run.</param>
    public async Task<PipelineOutcome> RunAsync(
        int expected = int.MaxValue, FaultSchedule? faults = null, Func<PipelineSpec, PipelineSpec>? change = null, CancellationToken stop = default)
    {
        faults ??= new FaultSchedule();
        var source = Bind();
        var endless = Capabilities.Endless;
        var spec = source.ToSpec(
            PipelineId,
            () => new FaultySource(source.Definition.Create(source.Settings), faults),
            () => FaultySink.Around(new CollectingSink(Collected), faults)) with
        {
            Until = endless ? Until.Forever : Until.CaughtUp,
            CommitInterval = TimeSpan.Zero,
            MaxAttempts = 1,
            Workers = Workers,
            StateFolder = StateFolder,
        };
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var runner = new PipelineRunner(change?.Invoke(spec) ?? spec, Store, Time, Log, Pool);
        var run = runner.RunAsync(ending.Token);
        if (endless)
        {
            await Eventually.Is(() => run.IsCompleted || (runner.Progress.State == RunState.Running && Collected.Count >= expected));
            await ending.CancelAsync();
        }

        return await run.WaitAsync(Limit, CancellationToken.None);
    }

    /// <summary>The totals of all runs.</summary>
    public async Task<RecordCounters> TotalsAsync() => (await Store.ReadAsync(PipelineId, default))!.Checkpoint.Counters;

    public Task<IReadOnlyList<DeadLetterRecord>> DeadLettersAsync() =>
        Store.DeadLetters.ListAsync(PipelineId, DeadLetterFilter.Open, default).AsTask();

    /// <summary>Everything that people may come to see.</summary>
    public async Task<IEnumerable<string>> SeenAsync(params IEnumerable<PipelineOutcome> outcomes) =>
    [
        .. Log.Lines,
        .. outcomes.Select(outcome => outcome.Error?.ToString() ?? ""),
        .. (await DeadLettersAsync()).Select(letter => letter.Error.Message),
        .. (await Store.HistoryAsync(PipelineId, 100, default)).Select(entry => entry.Detail ?? ""),
    ];

    public void Dispose() => Metrics.Dispose();

    private PipelineSource Bind() => SourceBinding.Bind(PipelineId, _config() with { BatchSize = BatchSize }, _catalogue);
}
