using DataFlow.Engine.Lifecycle;
using Microsoft.Extensions.Logging;

namespace DataFlow.Cluster;

/// <summary>Prolongs the leases of this node, and stops the runs that it does not hold any more.</summary>
internal sealed class LeaseKeeper(Node node, LocalRuns runs, IServiceStore store, TimeProvider time, ILogger<LeaseKeeper> logger)
    : PeriodicService(Node.LeaseDuration / 3, time, logger)
{
    /// <inheritdoc/>
    protected override async Task DoAsync(CancellationToken stop)
    {
        // Looked at first: a run that starts meanwhile has just taken its lease.
        var running = runs.All;
        var held = await store.Leases.RenewAsync(node.Owner, Node.LeaseDuration, stop).ConfigureAwait(false);
        foreach (var run in running.Where(run => !held.Contains(run.Pipeline)))
        {
            Logger.LeaseLost(run.Pipeline);
            run.LoseLease();
        }
    }
}
