namespace DataFlow;

/// <summary>Reads records from somewhere. Implementations are connectors; people use <c>Source</c>.</summary>
public interface ISource : IAsyncDisposable
{
    /// <summary>
    /// Reads from the stored positions on. Called once per attempt, never concurrently. Each batch belongs to the consumer as
    /// soon as it is yielded. Ends by itself when there is no more, or within 5 seconds of <paramref name="stop"/>; a stop is
    /// a normal end, not an exception. Never cancelled to flush a partial batch.
    /// </summary>
    /// <remarks>
    /// A batch without <see cref="RecordBatch.Advances"/> is one that can't be gone on after, as in the middle of a page or a
    /// transaction. For a source that can replay, the engine commits only where every split has advanced behind its last record
    /// (the split of a record is that of <see cref="RecordBatch.Identity"/>), so that such a group is committed as a whole or read
    /// again as a whole. A source that can't replay is read to its end after a stop, and what it yields then still counts.
    /// </remarks>
    /// <exception cref="ConnectorException">The source as a whole failed. Bad records ride in <see cref="RecordBatch.Errors"/>.</exception>
    IAsyncEnumerable<RecordBatch> ReadAsync(SourceContext context, CancellationToken stop);
}

/// <summary>A source that has to be told what is safely delivered: to commit offsets, move or delete files, flush a log.</summary>
public interface IAcknowledgedSource : ISource
{
    /// <summary>
    /// Called after the checkpoint that holds these advances is durable: in order, one at a time, also after the enumeration
    /// has ended and always before disposal.
    /// </summary>
    /// <remarks>
    /// Splits that were <see cref="SourceContext.Lost"/> are left out. A call that failed, or that a crash cut off, is not
    /// repeated: what <see cref="SourceContext.PositionOf"/> returns is durable, so a source may acknowledge it at its start.
    /// </remarks>
    ValueTask AcknowledgeAsync(IReadOnlyList<Advance> advances, CancellationToken ct);
}

/// <summary>A connector that can tell, without reading or writing records, whether its other side is there and usable.</summary>
public interface IConnectionCheck
{
    /// <summary>Returns when the other side is usable.</summary>
    /// <exception cref="ConnectorException">It is not; the message says what to change.</exception>
    ValueTask CheckAsync(CancellationToken ct);
}

/// <summary>A source that knows how much there is left to read.</summary>
public interface IBacklogSource : ISource
{
    /// <summary>Bytes left to read, of all splits, or null when unknown. Cheap; called from another thread while reading.</summary>
    long? BacklogBytes { get; }

    /// <summary>Bytes read so far plus bytes left, or null when unknown: what a progress bar counts towards.</summary>
    long? TotalBytes { get; }

    /// <summary>Records left to read, of all splits, for sources that count records and not bytes; null when unknown.</summary>
    long? BacklogRecords => null;
}
