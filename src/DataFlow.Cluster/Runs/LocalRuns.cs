namespace DataFlow.Cluster;

/// <summary>The runs of this node. Thread-safe.</summary>
public sealed class LocalRuns
{
    /// <summary>The run of a pipeline on this node, or null when this node does not run it.</summary>
    public LocalRun? Find(string pipeline) => throw new NotImplementedException();

    /// <summary>All runs of this node.</summary>
    public IReadOnlyCollection<LocalRun> All => throw new NotImplementedException();
}
