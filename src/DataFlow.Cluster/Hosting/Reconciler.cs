using Akka.Actor;
using Akka.Hosting;
using DataFlow.Engine.Lifecycle;
using Microsoft.Extensions.Logging;

namespace DataFlow.Cluster;

/// <summary>
/// Starts what is meant to run and what nobody runs: after a start, after the death of a node, after somebody's command got lost.
/// Every node has one, that of the cluster's leader acts.
/// </summary>
internal sealed class Reconciler(
    ActorSystem system, IRequiredActor<PipelineActor> pipelines, IServiceStore store, TimeProvider time, ILogger<Reconciler> logger)
    : PeriodicService(TimeSpan.FromSeconds(1), time, logger)
{
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(system);

    /// <inheritdoc/>
    protected override async Task DoAsync(CancellationToken stop)
    {
        if (_cluster.State.Leader != _cluster.SelfAddress || _cluster.SelfMember.Status != Akka.Cluster.MemberStatus.Up)
        {
            return;
        }

        foreach (var orphan in await store.Leases.OrphansAsync(stop).ConfigureAwait(false))
        {
            pipelines.ActorRef.Tell(new EnsureRunning(orphan));
        }
    }
}
