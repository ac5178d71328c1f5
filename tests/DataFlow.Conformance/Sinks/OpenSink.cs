namespace DataFlow.Conformance;

/// <summary>What is stored of a sink between its runs.</summary>
internal sealed record SinkState(string? Text, long Epoch, long Sequence);

/// <summary>An open sink, driven as the engine drives it: a commit before the first write of a new target, encoders where there are any.</summary>
internal sealed class OpenSink : IAsyncDisposable
{
    private readonly ISink _sink;
    private readonly BatchPool _pool;
    private Checkpoint _checkpoint;

    private OpenSink(ISink sink, BatchPool pool, Checkpoint checkpoint) => (_sink, _pool, _checkpoint) = (sink, pool, checkpoint);

    /// <summary>The checkpoint that the sink itself holds; null when it holds none.</summary>
    public Checkpoint? Held { get; private init; }

    public SinkState State => new(_checkpoint.SinkState, _checkpoint.Epoch, _checkpoint.Sequence);

    public static async Task<OpenSink> OpenAsync(ISink sink, SinkState? state, BatchPool pool, CollectedLog log)
    {
        var checkpoint = Checkpoint.None with { Epoch = state?.Epoch ?? 1, Sequence = state?.Sequence ?? 0, SinkState = state?.Text };
        try
        {
            var held = await sink.OpenAsync(
                new SinkContext
                {
                    PipelineId = "conformance",
                    Generation = 1,
                    Epoch = checkpoint.Epoch,
                    State = checkpoint.SinkState,
                    StartsOver = checkpoint.Sequence == 0,
                    Time = TimeProvider.System,
                    Pool = pool,
                    Logger = log,
                },
                CancellationToken.None);
            if (held is not null && held.Sequence > checkpoint.Sequence)
            {
                checkpoint = held with { Epoch = checkpoint.Epoch };
            }

            var open = new OpenSink(sink, pool, checkpoint) { Held = held };
            if (checkpoint.Sequence == 0)
            {
                await open.CommitAsync();
            }

            return open;
        }
        catch
        {
            await sink.DisposeAsync();
            throw;
        }
    }

    public async Task WriteAsync(params long[] numbers)
    {
        var batch = SinkRows.Of(_pool, numbers);
        try
        {
            Assert.Empty((await WriteAsync(batch)).Refused ?? []);
        }
        finally
        {
            batch.Release();
        }
    }

    public async Task<WriteResult> WriteAsync(RecordBatch batch)
    {
        if ((_sink as IParallelSink)?.Encoder is not { } encoder)
        {
            return await _sink.WriteAsync(batch, CancellationToken.None);
        }

        using var encoded = encoder.Encode(batch);
        var result = await ((IParallelSink)_sink).WriteAsync(encoded, CancellationToken.None);
        return result with { Refused = [.. encoded.Refused, .. result.Refused ?? []] };
    }

    public async Task CommitAsync(IReadOnlyDictionary<string, SplitPosition>? splits = null, params string[] gone)
    {
        var next = _checkpoint with
        {
            Sequence = _checkpoint.Sequence + 1,
            Splits = splits ?? new Dictionary<string, SplitPosition>(),
            SinkState = null,
            Gone = gone,
        };
        _checkpoint = next with { SinkState = await _sink.CommitAsync(next, CancellationToken.None) };
    }

    public ValueTask DisposeAsync() => _sink.DisposeAsync();
}
