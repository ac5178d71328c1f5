using DataFlow.Cluster;

namespace DataFlow.Server.Answers;

/// <summary>A process of the service.</summary>
public sealed record NodeAnswer
{
    /// <summary>Its name, unique in the cluster.</summary>
    public required string Name { get; init; }

    /// <summary>Where its API is.</summary>
    public required Uri Address { get; init; }

    /// <summary>Its state in the cluster: <c>up</c>, <c>leaving</c>, <c>unreachable</c>.</summary>
    public required string Membership { get; init; }

    /// <summary>True for the node that answers.</summary>
    public required bool IsThisNode { get; init; }

    /// <summary>How many pipelines it runs.</summary>
    public required int Pipelines { get; init; }

    /// <summary>The version of DataFlow that it runs.</summary>
    public required string Version { get; init; }

    /// <summary>When it was started.</summary>
    public required DateTimeOffset Started { get; init; }

    internal static NodeAnswer Of(NodeStatus status) => new()
    {
        Name = status.Node.Name,
        Address = status.Node.Address,
        Membership = status.Membership,
        IsThisNode = status.IsThisNode,
        Pipelines = status.Pipelines,
        Version = status.Node.Version,
        Started = status.Node.Started,
    };
}
