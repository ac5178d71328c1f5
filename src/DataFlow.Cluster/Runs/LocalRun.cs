namespace DataFlow.Cluster;

/// <summary>A pipeline that runs on this node. Thread-safe.</summary>
public sealed class LocalRun
{
    /// <summary>The pipeline's name.</summary>
    public string Pipeline => throw new NotImplementedException();

    /// <summary>What it does right now.</summary>
    public RunStatus Status => throw new NotImplementedException();

    /// <summary>
    /// Shows the records that pass from now on, as the sink gets them. Whoever is slow misses some, the pipeline does not wait.
    /// </summary>
    /// <param name="filter">An expression of the filter transform; null for all.</param>
    /// <param name="ct">Ends the listening. The end of the run ends it too.</param>
    /// <returns>One JSON object per record: <c>id</c>, <c>data</c>, <c>metadata</c>.</returns>
    public IAsyncEnumerable<string> ListenAsync(string? filter, CancellationToken ct) => throw new NotImplementedException();
}
