using DataFlow.Engine;
using DataFlow.Engine.State;
using DataFlow.Transforms;
using Microsoft.Extensions.Logging;

namespace DataFlow.Cluster;

/// <summary>A pipeline that runs on this node. Thread-safe.</summary>
public sealed class LocalRun
{
    private readonly Node _node;
    private readonly PipelineRunner _runner;
    private readonly RunTap _tap;
    private readonly KeptLease _lease;
    private readonly PipelineLock? _lock;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();

    internal LocalRun(string pipeline, Node node, PipelineRunner runner, RunTap tap, KeptLease lease, PipelineLock? held, ILogger logger)
    {
        Pipeline = pipeline;
        _node = node;
        _runner = runner;
        _tap = tap;
        _lease = lease;
        _lock = held;
        _logger = logger;
    }

    /// <summary>The pipeline's name.</summary>
    public string Pipeline { get; }

    /// <summary>What it does right now.</summary>
    public RunStatus Status
    {
        get
        {
            var progress = _runner.Progress;
            return new RunStatus
            {
                Node = _node.Self.Name,
                Address = _node.Self.Address,
                State = progress.State,
                Counters = progress.Run,
                Offset = progress.Offset,
                BacklogBytes = progress.BacklogBytes,
                BacklogRecords = progress.BacklogRecords,
                Freshness = progress.Freshness,
                IsHealthy = progress.IsHealthy,
                Reason = progress.Reason,
            };
        }
    }

    /// <summary>Ends with the run. Does not fail: what went wrong is in the outcome.</summary>
    internal Task<PipelineOutcome> Completion { get; private set; } = null!;

    /// <summary>True when the lease was lost: the end of the run says nothing about the pipeline.</summary>
    internal bool HasLostLease => _lease.Lost.IsCancellationRequested;

    /// <summary>
    /// Shows the records that pass from now on, as the sink gets them. Whoever is slow misses some, the pipeline does not wait.
    /// </summary>
    /// <param name="filter">An expression of the filter transform; null for all.</param>
    /// <param name="ct">Ends the listening. The end of the run ends it too.</param>
    /// <returns>One JSON object per record: <c>id</c>, <c>data</c>, <c>metadata</c>.</returns>
    /// <exception cref="OptionException">The filter is no condition.</exception>
    /// <exception cref="RefusalException">Too many listen already.</exception>
    public IAsyncEnumerable<string> ListenAsync(string? filter, CancellationToken ct) =>
        _tap.ListenAsync(filter is null ? null : BuiltInTransforms.Filter(filter), ct);

    /// <summary>Begins; called once, before anything else.</summary>
    /// <param name="ended">Called when the run has let go of everything, before <see cref="Completion"/> ends.</param>
    internal void Begin(Action ended) => Completion = Task.Run(() => RunAsync(ended));

    /// <summary>Asks for a graceful end: no more intake, drain, commit.</summary>
    internal void Stop() => _stop.Cancel();

    private async Task<PipelineOutcome> RunAsync(Action ended)
    {
        using var lost = _lease.Lost.Register(Lose);

        // Whatever is logged on the way belongs to this pipeline, connectors and libraries included.
        using var scope = _logger.BeginScope(new Dictionary<string, object> { ["pipeline_id"] = Pipeline });
        try
        {
            return await _runner.RunAsync(_stop.Token).ConfigureAwait(false);
        }
        finally
        {
            _tap.Close();
            _lock?.Dispose();
            ended();
        }
    }

    private void Lose()
    {
        _logger.LeaseLost(Pipeline);
        Stop();
    }
}
