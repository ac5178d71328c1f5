using System.Collections.Concurrent;
using DataFlow.Engine.Lifecycle;
using Microsoft.Extensions.Logging;

namespace DataFlow.Cluster;

/// <summary>
/// The leases that this node means to keep. What is given back is not kept from that moment on, whatever the store says: it ends
/// after its time at the latest. Thread-safe.
/// </summary>
internal sealed class NodeLeases(Node node, IServiceStore store, ILogger<NodeLeases> logger)
{
    private readonly ConcurrentDictionary<string, KeptLease> _kept = new(StringComparer.Ordinal);

    /// <summary>Takes a lease and keeps it, unless it is given back meanwhile.</summary>
    /// <returns>False when somebody else holds it, or it was given back.</returns>
    public async Task<bool> ClaimAsync(KeptLease lease)
    {
        _kept[lease.Pipeline] = lease;
        var isOurs = false;
        try
        {
            isOurs = await store.Leases.ClaimAsync(lease.Pipeline, node.Owner, Node.LeaseDuration, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            if (!isOurs)
            {
                _kept.TryRemove(KeyValuePair.Create(lease.Pipeline, lease));
            }
        }

        if (isOurs && !_kept.ContainsKey(lease.Pipeline))
        {
            await ReleaseInStoreAsync(lease.Pipeline).ConfigureAwait(false);
        }

        return isOurs && _kept.TryGetValue(lease.Pipeline, out var kept) && kept == lease;
    }

    /// <summary>Gives a lease back. Does nothing when it is another's now, on this node too.</summary>
    public async Task ReleaseAsync(KeptLease? lease)
    {
        if (lease is not null && _kept.TryRemove(KeyValuePair.Create(lease.Pipeline, lease)))
        {
            await ReleaseInStoreAsync(lease.Pipeline).ConfigureAwait(false);
        }
    }

    /// <summary>Prolongs those that are kept, and says to those that are lost that they are, and to the others what the registry has.</summary>
    public async Task RenewAsync(CancellationToken stop)
    {
        var kept = _kept.ToArray();
        var held = await store.Leases.RenewAsync(node.Owner, [.. kept.Select(pair => pair.Key)], Node.LeaseDuration, stop).ConfigureAwait(false);
        foreach (var (pipeline, lease) in kept)
        {
            if (held.TryGetValue(pipeline, out var version))
            {
                lease.Confirm(version);
            }
            else
            {
                lease.Lose();
            }
        }
    }

    private async Task ReleaseInStoreAsync(string pipeline)
    {
        try
        {
            await store.Leases.ReleaseAsync(pipeline, node.Owner, CancellationToken.None).ConfigureAwait(false);
        }
        catch (ConnectorException failure)
        {
            logger.LeaseNotReleased(failure, pipeline, failure.Message);
        }
    }
}
