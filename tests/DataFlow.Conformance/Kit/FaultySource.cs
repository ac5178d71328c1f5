using System.Runtime.CompilerServices;

namespace DataFlow.Conformance;

/// <summary>A source that fails or hangs when a schedule says so, and may yield empty batches between the real ones.</summary>
/// <param name="inner">The source that does the reading; disposed with this one.</param>
/// <param name="faults">When to fail.</param>
/// <param name="emptyBatches">True to yield an empty batch without a position after each real one.</param>
public sealed class FaultySource(ISource inner, FaultSchedule faults, bool emptyBatches = false) : IAcknowledgedSource
{
    /// <inheritdoc/>
    public async IAsyncEnumerable<RecordBatch> ReadAsync(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
    {
        await faults.ReachAsync(FaultStep.Read, CancellationToken.None).ConfigureAwait(false);
        await foreach (var batch in inner.ReadAsync(context, stop).ConfigureAwait(false))
        {
            yield return batch;
            if (emptyBatches)
            {
                var empty = context.Pool.Rent(16);
                empty.Begin(RecordSchema.Empty, 0);
                yield return empty;
            }

            await faults.ReachAsync(FaultStep.Read, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask AcknowledgeAsync(IReadOnlyList<Advance> advances, CancellationToken ct)
    {
        // Also for a source that doesn't care: a crash between commit and acknowledgement can hit any.
        var fault = await faults.ReachAsync(FaultStep.Acknowledge, ct).ConfigureAwait(false);
        if (inner is IAcknowledgedSource acknowledged)
        {
            await acknowledged.AcknowledgeAsync(advances, ct).ConfigureAwait(false);
        }

        if (fault is Fault.ReplyLost)
        {
            throw FaultSchedule.Failure(FaultStep.Acknowledge);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
