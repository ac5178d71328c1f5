using Akka.Actor;

namespace DataFlow.Cluster;

/// <summary>How the nodes stand as members of the cluster, from the view of this one. Thread-safe.</summary>
internal sealed class Members(ActorSystem system)
{
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(system);

    /// <summary>The role that tells which member a node is.</summary>
    public static string RoleOf(string node) => $"node-{node}";

    /// <summary>How a node stands: <c>up</c>, <c>joining</c>, <c>leaving</c>, <c>unreachable</c>, or <c>no member</c>.</summary>
    public string StatusOf(string node)
    {
        var state = _cluster.State;
        return state.Members.FirstOrDefault(member => member.HasRole(RoleOf(node))) is not { } found ? "no member"
            : state.Unreachable.Contains(found) ? "unreachable"
            : found.Status.ToString().ToLowerInvariant();
    }
}
