using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>Counts records and drops them.</summary>
internal sealed class NullSinkConnector(NullSinkOptions options) : IParallelSink
{
    private BatchPool _pool = BatchPool.Shared;

    /// <inheritdoc/>
    public IBatchEncoder? Encoder { get; private set; }

    /// <summary>Records dropped so far.</summary>
    public long Records { get; private set; }

    /// <summary>Bytes that they took; 0 unless they are encoded.</summary>
    public long Bytes { get; private set; }

    /// <inheritdoc/>
    public ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(context);
        _pool = context.Pool;
        Encoder = options switch
        {
            { Encode: false } => new Counter(_pool),
            { Format: NullSinkFormat.Ndjson } => new NdjsonEncoder(_pool),
            _ => null,
        };
        return ValueTask.FromResult<Checkpoint?>(null);
    }

    /// <inheritdoc/>
    public ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (Encoder is null)
        {
            if (batch.Count == 0)
            {
                return ValueTask.FromResult(WriteResult.Written);
            }

            Encoder = new CsvEncoder(_pool, NullSinkOptions.Csv, CsvEncoder.ColumnsOf(batch, batch.RowAt(0)));
        }

        using var encoded = Encoder.Encode(batch);
        Count(encoded);
        return ValueTask.FromResult(new WriteResult(encoded.Refused));
    }

    /// <inheritdoc/>
    public ValueTask<WriteResult> WriteAsync(EncodedBatch encoded, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(encoded);
        Count(encoded);
        return ValueTask.FromResult(WriteResult.Written);
    }

    /// <inheritdoc/>
    public ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct) => ValueTask.FromResult<string?>(null);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Count(EncodedBatch encoded)
    {
        Records += encoded.Rows;
        Bytes += encoded.Length;
    }

    private sealed class Counter(BatchPool pool) : IBatchEncoder
    {
        public EncodedBatch Encode(RecordBatch batch) => new(pool) { Rows = batch.Count };
    }
}
