using System.Globalization;
using System.Reflection;
using DataFlow.Engine.Lifecycle;

namespace DataFlow.Cluster;

/// <summary>This process as a node of the service. Immutable.</summary>
internal sealed class Node
{
    /// <summary>How long a lease is held without being renewed. Less than the time in which a dead node is noticed, so that it adds no delay.</summary>
    public static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(8);

    /// <param name="options">How this process takes part.</param>
    /// <param name="time">The clock.</param>
    public Node(ClusterOptions options, TimeProvider time)
    {
        var started = time.GetUtcNow();
        Options = options;

        // Alone on its state folder, which the operating system guards, a node that starts again goes on at once with the leases of
        // its last life. In a cluster it might still be running elsewhere: another start is another owner.
        var incarnation = options.Database is null ? options.NodeName : $"{options.NodeName}/{Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)[..8]}";
        Self = new ServiceNode(options.NodeName, incarnation, options.Address, ProductVersion, started);
    }

    /// <summary>How this process takes part.</summary>
    public ClusterOptions Options { get; }

    /// <summary>What the other nodes know of it.</summary>
    public ServiceNode Self { get; }

    /// <summary>Owner of its leases.</summary>
    public string Owner => Self.Incarnation;

    /// <summary>Who it is in the history.</summary>
    public string By => $"node {Self.Name}";

    private static string ProductVersion =>
        typeof(Node).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
