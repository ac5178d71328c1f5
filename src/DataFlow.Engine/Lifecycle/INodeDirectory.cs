namespace DataFlow.Engine.Lifecycle;

/// <summary>
/// The nodes of a service that were heard of lately, by the store's own clock. Thread-safe. Failures are a
/// <see cref="ConnectorException"/>.
/// </summary>
public interface INodeDirectory
{
    /// <summary>Says that a node is there. Called every few seconds.</summary>
    /// <param name="node">The node.</param>
    /// <param name="lifetime">How long it counts as there without being heard again.</param>
    /// <param name="ct">Gives up waiting.</param>
    /// <returns>The incarnation that has the name already and is still there, or null when the name is this node's.</returns>
    ValueTask<string?> AnnounceAsync(ServiceNode node, TimeSpan lifetime, CancellationToken ct);

    /// <summary>Says that a node has left.</summary>
    ValueTask LeaveAsync(string incarnation, CancellationToken ct);

    /// <summary>The nodes that are there, by name.</summary>
    ValueTask<IReadOnlyList<ServiceNode>> ListAsync(CancellationToken ct);
}

/// <summary>A process of a service.</summary>
/// <param name="Name">Its name, unique in the cluster.</param>
/// <param name="Incarnation">Name and start: another one after each start of the process.</param>
/// <param name="Address">Where its API is reached by the other nodes, a URL.</param>
/// <param name="Version">The version of DataFlow that it runs.</param>
/// <param name="Started">When it was started.</param>
public sealed record ServiceNode(string Name, string Incarnation, Uri Address, string Version, DateTimeOffset Started);
