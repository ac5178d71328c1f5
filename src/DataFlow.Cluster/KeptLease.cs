namespace DataFlow.Cluster;

/// <summary>A lease that this node has claimed once, for an entity or a run. Thread-safe.</summary>
/// <param name="pipeline">The pipeline's name.</param>
internal sealed class KeptLease(string pipeline)
{
    private readonly CancellationTokenSource _lost = new();
    private Watch? _watch;

    /// <summary>The pipeline's name.</summary>
    public string Pipeline => pipeline;

    /// <summary>Cancelled when somebody else has taken it, or the pipeline is not meant to run any more.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Says that it is lost.</summary>
    public void Lose() => _lost.Cancel();

    /// <summary>Says which version of the definition runs under it.</summary>
    /// <param name="version">The version.</param>
    /// <param name="changed">Called once, when the registry turns out to have a newer one.</param>
    public void Runs(long version, Action changed) => Volatile.Write(ref _watch, new Watch(version, changed));

    /// <summary>Says which version of the definition the registry has.</summary>
    public void Confirm(long version)
    {
        if (Volatile.Read(ref _watch) is { } watch && version > watch.Version
            && ReferenceEquals(Interlocked.CompareExchange(ref _watch, null, watch), watch))
        {
            watch.Changed();
        }
    }

    private sealed record Watch(long Version, Action Changed);
}
