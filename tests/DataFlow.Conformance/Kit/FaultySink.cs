namespace DataFlow.Conformance;

/// <summary>A sink that fails, hangs, writes half or loses its reply when a schedule says so.</summary>
public class FaultySink : ISink
{
    private readonly ISink _inner;
    private readonly FaultSchedule _faults;

    private FaultySink(ISink inner, FaultSchedule faults) => (_inner, _faults) = (inner, faults);

    /// <summary>Wraps a sink; one that encodes on workers still does.</summary>
    /// <param name="inner">The sink that does the writing; disposed with the new one.</param>
    /// <param name="faults">When to fail.</param>
    public static FaultySink Around(ISink inner, FaultSchedule faults) =>
        inner is IParallelSink parallel ? new Parallel(parallel, faults) : new FaultySink(inner, faults);

    /// <inheritdoc/>
    public async ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct)
    {
        var fault = await _faults.ReachAsync(FaultStep.SinkOpen, ct).ConfigureAwait(false);
        return Reply(FaultStep.SinkOpen, fault, await _inner.OpenAsync(context, ct).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public async ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var fault = await _faults.ReachAsync(FaultStep.SinkWrite, ct).ConfigureAwait(false);
        if (fault != Fault.PartialWrite)
        {
            return Reply(FaultStep.SinkWrite, fault, await _inner.WriteAsync(batch, ct).ConfigureAwait(false));
        }

        int[] rows = [.. Enumerable.Range(0, batch.Count).Select(batch.RowAt)];
        batch.Select(rows.AsSpan(0, rows.Length / 2));
        await _inner.WriteAsync(batch, ct).ConfigureAwait(false);
        batch.Select(rows);
        throw FaultSchedule.Failure(FaultStep.SinkWrite);
    }

    /// <inheritdoc/>
    public async ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct)
    {
        var fault = await _faults.ReachAsync(FaultStep.SinkCommit, ct).ConfigureAwait(false);
        return fault == Fault.PartialWrite
            ? throw FaultSchedule.Failure(FaultStep.SinkCommit)
            : Reply(FaultStep.SinkCommit, fault, await _inner.CommitAsync(checkpoint, ct).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _inner.DisposeAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    private static T Reply<T>(string step, Fault fault, T reply) => fault == Fault.ReplyLost ? throw FaultSchedule.Failure(step) : reply;

    private sealed class Parallel(IParallelSink inner, FaultSchedule faults) : FaultySink(inner, faults), IParallelSink
    {
        public IBatchEncoder? Encoder => inner.Encoder;

        public async ValueTask<WriteResult> WriteAsync(EncodedBatch encoded, CancellationToken ct)
        {
            var fault = await _faults.ReachAsync(FaultStep.SinkWrite, ct).ConfigureAwait(false);
            if (fault != Fault.PartialWrite)
            {
                return Reply(FaultStep.SinkWrite, fault, await inner.WriteAsync(encoded, ct).ConfigureAwait(false));
            }

            // Cut wherever it happens to be, in the middle of a row as likely as not.
            using var half = new EncodedBatch(BatchPool.Shared);
            half.Append(encoded.Bytes.Span[..(encoded.Length / 2)]);
            await inner.WriteAsync(half, ct).ConfigureAwait(false);
            throw FaultSchedule.Failure(FaultStep.SinkWrite);
        }
    }
}
