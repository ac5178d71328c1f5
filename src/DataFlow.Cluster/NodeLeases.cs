using System.Collections.Concurrent;
using DataFlow.Engine.Lifecycle;

namespace DataFlow.Cluster;

/// <summary>The leases that this node means to keep. Thread-safe.</summary>
internal sealed class NodeLeases(Node node, IServiceStore store)
{
    private readonly ConcurrentDictionary<string, byte> _kept = new(StringComparer.Ordinal);

    /// <summary>The pipelines whose leases are kept.</summary>
    public IReadOnlyCollection<string> Kept => [.. _kept.Keys];

    /// <summary>Takes the lease of a pipeline and keeps it.</summary>
    /// <returns>False when somebody else holds it.</returns>
    public async Task<bool> ClaimAsync(string pipeline)
    {
        var isOurs = await store.Leases.ClaimAsync(pipeline, node.Owner, Node.LeaseDuration, CancellationToken.None).ConfigureAwait(false);
        if (isOurs)
        {
            _kept[pipeline] = 0;
        }

        return isOurs;
    }

    /// <summary>Gives a lease back. When the store does not answer it is not kept any more, and ends after its time.</summary>
    public async Task ReleaseAsync(string pipeline)
    {
        _kept.TryRemove(pipeline, out _);
        await store.Leases.ReleaseAsync(pipeline, node.Owner, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Prolongs those that are kept.</summary>
    /// <returns>The pipelines that this node must let go of: somebody else has taken them, or they are not meant to run any more.</returns>
    public async Task<IReadOnlyCollection<string>> RenewAsync(CancellationToken stop)
    {
        // Looked at first: what is claimed meanwhile has just got its time.
        var kept = Kept;
        var held = await store.Leases.RenewAsync(node.Owner, kept, Node.LeaseDuration, stop).ConfigureAwait(false);
        return [.. kept.Where(pipeline => !held.Contains(pipeline))];
    }
}
