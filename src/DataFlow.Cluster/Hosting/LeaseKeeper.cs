using Microsoft.Extensions.Logging;

namespace DataFlow.Cluster;

/// <summary>Prolongs the leases of this node for as long as something runs on it.</summary>
internal sealed class LeaseKeeper(NodeLeases leases, LocalRuns runs, TimeProvider time, ILogger<LeaseKeeper> logger)
    : PeriodicService(Node.LeaseDuration / 3, time, logger)
{
    /// <summary>
    /// Waits until the last run has drained and committed. The actors are gone by then, after 10 s at the latest, and what still runs
    /// needs its lease and its store.
    /// </summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(runs.All.Select(run => (Task)run.Completion)).WaitAsync(cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override Task DoAsync(CancellationToken stop) => leases.RenewAsync(stop);
}
