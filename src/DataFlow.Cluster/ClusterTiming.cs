namespace DataFlow.Cluster;

/// <summary>
/// How soon a silent node is given up. A node that died is noticed after some five heartbeats beyond the pause; its pipelines start
/// elsewhere after <see cref="StableAfter"/> and <see cref="Margin"/> more. Below these times a busy machine is taken for a dead one.
/// </summary>
internal sealed record ClusterTiming
{
    /// <summary>What was tried out on machines of two processors: 11 to 13 s from a node's death until its pipelines run elsewhere.</summary>
    public static ClusterTiming Default { get; } = new();

    /// <summary>Between two heartbeats.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Silence that is put down to a pause of the other process.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long the view of the members must stay the same before a side of a partition decides who goes on.</summary>
    public TimeSpan StableAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time for the losing side to stop before the winning side starts what it ran. Must not be 0: that means StableAfter.</summary>
    public TimeSpan Margin { get; init; } = TimeSpan.FromSeconds(2);
}
