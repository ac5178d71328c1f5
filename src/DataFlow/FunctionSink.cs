namespace DataFlow;

/// <summary>Hands each batch to a function, as records.</summary>
internal sealed class FunctionSink(Func<IReadOnlyList<DataRecord>, CancellationToken, ValueTask> function) : ISink
{
    public ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct) => ValueTask.FromResult<Checkpoint?>(null);

    public async ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct)
    {
        var records = new DataRecord[batch.Count];
        for (var index = 0; index < records.Length; index++)
        {
            records[index] = DataRecord.From(batch, batch.RowAt(index));
        }

        await function(records, ct).ConfigureAwait(false);
        return WriteResult.Written;
    }

    public ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct) => ValueTask.FromResult<string?>(null);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
