using Microsoft.Extensions.Logging;

namespace DataFlow.Cluster;

/// <summary>Prolongs the leases of this node, and stops the runs that it does not hold any more.</summary>
internal sealed class LeaseKeeper(NodeLeases leases, LocalRuns runs, TimeProvider time, ILogger<LeaseKeeper> logger)
    : PeriodicService(Node.LeaseDuration / 3, time, logger)
{
    /// <inheritdoc/>
    protected override async Task DoAsync(CancellationToken stop)
    {
        foreach (var lost in await leases.RenewAsync(stop).ConfigureAwait(false))
        {
            if (runs.Find(lost) is { } run)
            {
                Logger.LeaseLost(lost);
                run.LoseLease();
            }
        }
    }
}
