namespace DataFlow.Engine;

/// <summary>A batch between source and commit. Owns the batch and its encoded bytes until <see cref="Release"/>.</summary>
internal sealed class InFlightBatch(RecordBatch batch, long taken)
{
    private bool _isProcessed;

    /// <summary>The batch; another object after a transform that made a new one.</summary>
    public RecordBatch Batch { get; private set; } = batch;

    /// <summary>The bytes for the sink, when a worker encoded them.</summary>
    public EncodedBatch? Encoded { get; private set; }

    /// <summary>Ends when the batch is parsed, transformed and, if possible, encoded.</summary>
    public Task Processing { get; set; } = Task.CompletedTask;

    /// <summary>When it came from the source, as a timestamp of the clock.</summary>
    public long Taken { get; } = taken;

    /// <summary>Memory that the pipeline's credit is charged for.</summary>
    public long Footprint { get; } = batch.Footprint;

    /// <summary>Records that were read: rows and bad ones.</summary>
    public int Read { get; private set; }

    /// <summary>Records that transforms left out.</summary>
    public int Filtered { get; private set; }

    /// <summary>Records in the batch, processed or not.</summary>
    public int Records => _isProcessed ? Read : Batch.RowCount + Batch.Errors.Count;

    /// <summary>Positions that count as reached once the batch is committed.</summary>
    public IReadOnlyList<Advance> Advances { get; private set; } = [];

    /// <summary>The split that its records come from; empty when the source doesn't say.</summary>
    public string Split { get; private set; } = "";

    /// <summary>Parses, transforms and encodes, on any thread. A batch that is written again is only encoded again.</summary>
    public void Process(IReadOnlyList<ITransform> transforms, IParallelSink? sink)
    {
        if (_isProcessed)
        {
            EncodeFor(sink);
            return;
        }

        Batch.Resolve();
        Advances = [.. Batch.Advances];
        Split = Batch.Identity?.Split ?? "";
        Read = Batch.RowCount + Batch.Errors.Count;
        Filtered = 0;
        foreach (var transform in transforms)
        {
            var rows = Batch.Count;
            var errors = Batch.Errors.Count;
            Batch = transform.Apply(Batch);
            Filtered += rows - Batch.Count - (Batch.Errors.Count - errors);
        }

        _isProcessed = true;
        EncodeFor(sink);
    }

    /// <summary>True when records or a position of the split are in it. Once it is processed.</summary>
    public bool Touches(string split) => (Split == split && Records > 0) || Advances.Any(advance => advance.Split == split);

    /// <summary>Forgets the bytes, because another attempt has to encode them anew.</summary>
    public void DropEncoded()
    {
        Encoded?.Dispose();
        Encoded = null;
    }

    /// <summary>Gives everything back.</summary>
    public void Release()
    {
        DropEncoded();
        Batch.Release();
    }

    private void EncodeFor(IParallelSink? sink)
    {
        if (Batch.Count > 0 && sink?.Encoder is { } encoder)
        {
            Encoded = encoder.Encode(Batch);
        }
    }
}
