using DataFlow.Engine.Configuration;

namespace DataFlow.Cluster;

/// <summary>How a process takes part in a service, as its only node or one of several.</summary>
public sealed record ClusterOptions
{
    /// <summary>The node's name, unique in the cluster.</summary>
    public string NodeName { get; init; } = Environment.MachineName;

    /// <summary>Where the other nodes reach this node's API.</summary>
    public required Uri Address { get; init; }

    /// <summary>Folder for what a node keeps for itself: locks, journals, and the state of a single node.</summary>
    public required string StateFolder { get; init; }

    /// <summary>Folder where relative paths of pipelines start that came over the API.</summary>
    public string Root { get; init; } = Environment.CurrentDirectory;

    /// <summary>What the definitions of pipelines may name on this machine; null for everything.</summary>
    public Confinement? Confinement { get; init; }

    /// <summary>Connection string of the PostgreSQL database that holds the state of all nodes; null keeps it in the state folder, for a single node.</summary>
    public string? Database { get; init; }

    /// <summary>Host name that the other nodes reach this one by; the same text as in their seeds.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Port of the cluster protocol, 0 for a free one. Only nodes talk there: it must not be open to others.</summary>
    public int Port { get; init; }

    /// <summary>
    /// The nodes that a new one asks to join, as <c>host:port</c>, the same list on all of them; the first of the list may found
    /// the cluster. Empty for a single node.
    /// </summary>
    public IReadOnlyList<string> Seeds { get; init; } = [];

    /// <summary>How many nodes there are meant to be: 1, or an odd number from 3. Fewer than a majority run nothing.</summary>
    public int Nodes { get; init; } = 1;

    /// <summary>How soon a silent node is given up.</summary>
    internal ClusterTiming Timing { get; init; } = ClusterTiming.Default;

    /// <summary>What addresses of nodes begin with.</summary>
    internal string Protocol { get; init; } = "akka.tcp";

    /// <summary>More settings of the actor system, as HOCON.</summary>
    internal string Settings { get; init; } = "";
}
