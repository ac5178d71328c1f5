using DataFlow.Engine.Lifecycle;
using Microsoft.Extensions.Logging;

namespace DataFlow.Cluster;

/// <summary>Keeps this node in the directory, under a name that no other node has.</summary>
internal sealed class NodeAnnouncer(Node node, IServiceStore store, TimeProvider time, ILogger<NodeAnnouncer> logger)
    : PeriodicService(TimeSpan.FromSeconds(3), time, logger)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = Lifetime + TimeSpan.FromSeconds(3);

    /// <summary>Takes the name. A node that was killed and starts again waits until its last life is forgotten.</summary>
    /// <exception cref="ConnectorException">Another process has the name.</exception>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        var started = Time.GetTimestamp();
        while (await store.Nodes.AnnounceAsync(node.Self, Lifetime, cancellationToken).ConfigureAwait(false) is { } other)
        {
            if (Time.GetElapsedTime(started) >= Patience)
            {
                throw ConnectorException.User(
                    $"There is a node called '{node.Self.Name}' already, and it is alive ({other}). Give each node a name of its own with --node NAME.");
            }

            await Task.Delay(TimeSpan.FromSeconds(1), Time, cancellationToken).ConfigureAwait(false);
        }

        await base.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await store.Nodes.LeaveAsync(node.Self.Incarnation, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is ConnectorException or OperationCanceledException)
        {
            // It is forgotten by itself after its time.
            Logger.StoreAway(failure, failure.Message);
        }
    }

    /// <inheritdoc/>
    protected override async Task DoAsync(CancellationToken stop) =>
        await store.Nodes.AnnounceAsync(node.Self, Lifetime, stop).ConfigureAwait(false);
}
