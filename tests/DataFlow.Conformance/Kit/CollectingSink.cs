namespace DataFlow.Conformance;

/// <summary>Keeps copies of records in memory. What was not committed is gone when it is opened again.</summary>
/// <param name="collected">Survives the sink.</param>
public sealed class CollectingSink(CollectedRecords collected) : ISink
{
    /// <inheritdoc/>
    public ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(context);
        collected.CutTo(context.State is null ? 0 : int.Parse(context.State));
        return ValueTask.FromResult<Checkpoint?>(null);
    }

    /// <inheritdoc/>
    public ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(batch);
        for (var index = 0; index < batch.Count; index++)
        {
            collected.Add(new CollectedRecord(batch.Identity?.Split ?? "", DataRecord.From(batch, batch.RowAt(index))));
        }

        return ValueTask.FromResult(WriteResult.Written);
    }

    /// <inheritdoc/>
    public ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct) =>
        ValueTask.FromResult<string?>(collected.Count.ToString());

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>A record and the split that it came from.</summary>
public sealed record CollectedRecord(string Split, DataRecord Record);

/// <summary>What a <see cref="CollectingSink"/> holds. Thread-safe.</summary>
public sealed class CollectedRecords
{
    private readonly Lock _gate = new();
    private readonly List<CollectedRecord> _records = [];

    /// <summary>How many there are.</summary>
    public int Count
    {
        get { lock (_gate) { return _records.Count; } }
    }

    /// <summary>A copy of what is there, in the order of writing.</summary>
    public IReadOnlyList<CollectedRecord> All
    {
        get { lock (_gate) { return [.. _records]; } }
    }

    internal void Add(CollectedRecord record)
    {
        lock (_gate)
        {
            _records.Add(record);
        }
    }

    internal void CutTo(int count)
    {
        lock (_gate)
        {
            Assert.True(count <= _records.Count, $"A checkpoint counts on {count} records, the sink has {_records.Count}.");
            _records.RemoveRange(count, _records.Count - count);
        }
    }
}
