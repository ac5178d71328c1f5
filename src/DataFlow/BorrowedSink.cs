namespace DataFlow;

/// <summary>Somebody else's sink: used for each attempt, disposed by its owner.</summary>
internal sealed class BorrowedSink(ISink sink) : ISink
{
    public ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct) => sink.OpenAsync(context, ct);

    public ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct) => sink.WriteAsync(batch, ct);

    public ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct) => sink.CommitAsync(checkpoint, ct);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
