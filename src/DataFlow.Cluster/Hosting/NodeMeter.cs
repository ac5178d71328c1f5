using System.Diagnostics.Metrics;
using Akka.Actor;
using DataFlow.Engine.Lifecycle;
using Microsoft.Extensions.Logging;

namespace DataFlow.Cluster;

/// <summary>
/// The instruments of a node, on the meter <c>DataFlow</c> beside those of its runs. The states of all pipelines are told by the
/// cluster's leader alone, so that each is counted once.
/// </summary>
internal sealed class NodeMeter : PeriodicService
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    private readonly Meter _meter = new("DataFlow");
    private readonly Counter<long> _restarts;
    private readonly Akka.Cluster.Cluster _cluster;
    private readonly IServiceStore _store;
    private IReadOnlyList<(string Pipeline, LifecycleState State)> _states = [];

    public NodeMeter(ActorSystem system, LocalRuns runs, IServiceStore store, TimeProvider time, ILogger<NodeMeter> logger)
        : base(LookAgain, time, logger)
    {
        _cluster = Akka.Cluster.Cluster.Get(system);
        _store = store;
        _restarts = _meter.CreateCounter<long>("dataflow.pipeline.restarts", "{restart}", "Runs that failed and were started again.");
        _meter.CreateObservableGauge("dataflow.node.leases", () => runs.All.Count, "{pipeline}", "Pipelines that this node holds and runs.");
        _meter.CreateObservableGauge("dataflow.node.members", () => _cluster.State.Members.Count, "{node}", "Nodes that are members of the cluster, as this node sees it.");
        _meter.CreateObservableGauge("dataflow.pipeline.state", Observe, "{pipeline}", "1 for the state that a pipeline is in. Told by one node for all.");
    }

    /// <summary>Shows the restarts of a pipeline from 0 on: an increase is seen only of what was there before.</summary>
    public void ShowRestarts(string pipeline) => _restarts.Add(0, new KeyValuePair<string, object?>("pipeline_id", pipeline));

    /// <summary>Counts a run that is started again after a failure.</summary>
    public void CountRestart(string pipeline) => _restarts.Add(1, new KeyValuePair<string, object?>("pipeline_id", pipeline));

    /// <inheritdoc/>
    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task DoAsync(CancellationToken stop)
    {
        if (_cluster.State.Leader != _cluster.SelfAddress)
        {
            _states = [];
            return;
        }

        var pipelines = await _store.Pipelines.ListAsync(stop).ConfigureAwait(false);
        _states = [.. pipelines.Select(pipeline => (pipeline.Name, pipeline.State))];
    }

    private IEnumerable<Measurement<int>> Observe() => _states.Select(known => new Measurement<int>(
        1, new KeyValuePair<string, object?>("pipeline_id", known.Pipeline), new KeyValuePair<string, object?>("state", known.State.ToWord())));
}
