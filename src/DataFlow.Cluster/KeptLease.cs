namespace DataFlow.Cluster;

/// <summary>A lease that this node has claimed once, for an entity or a run. Thread-safe.</summary>
/// <param name="pipeline">The pipeline's name.</param>
internal sealed class KeptLease(string pipeline)
{
    private readonly CancellationTokenSource _lost = new();

    /// <summary>The pipeline's name.</summary>
    public string Pipeline => pipeline;

    /// <summary>Cancelled when somebody else has taken it, or the pipeline is not meant to run any more.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Says that it is lost.</summary>
    public void Lose() => _lost.Cancel();
}
