using DataFlow.Engine.Lifecycle;

namespace DataFlow.Cluster;

/// <summary>A node, as the cluster sees it.</summary>
/// <param name="Node">Name, address, version.</param>
/// <param name="Membership">Its state in the cluster: <c>up</c>, <c>leaving</c>, <c>unreachable</c>.</param>
/// <param name="IsThisNode">True for the node that answers.</param>
/// <param name="Pipelines">How many pipelines it runs.</param>
public sealed record NodeStatus(ServiceNode Node, string Membership, bool IsThisNode, int Pipelines);
