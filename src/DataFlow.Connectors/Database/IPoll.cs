namespace DataFlow.Connectors;

/// <summary>One look at the database: the batches that it gives, one after the other.</summary>
internal interface IPoll : IAsyncDisposable
{
    /// <summary>The next batch; null at the end and after a stop.</summary>
    ValueTask<RecordBatch?> NextAsync(CancellationToken stop);

    /// <summary>False when it had to end before everything was read.</summary>
    bool IsComplete { get; }

    /// <summary>Where the source has got to.</summary>
    QueryState State { get; }
}
