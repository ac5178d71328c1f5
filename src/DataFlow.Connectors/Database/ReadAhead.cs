namespace DataFlow.Connectors;

/// <summary>
/// Reads the next batch of a poll while the sink writes the one before, where that takes its time: neither database waits for the
/// other. One batch is held.
/// </summary>
internal sealed class ReadAhead(IPoll poll, TimeProvider time) : IAsyncDisposable
{
    // A sink that is done sooner is not worth waking another thread for each batch.
    private static readonly TimeSpan Worthwhile = TimeSpan.FromMilliseconds(1);

    private Task<RecordBatch?>? _next;
    private long? _handedOut;

    /// <summary>The next batch; null at the end and after a stop.</summary>
    public async ValueTask<RecordBatch?> NextAsync(CancellationToken stop)
    {
        var isSlow = _handedOut is { } before && time.GetElapsedTime(before) > Worthwhile;
        var batch = await (_next is { } next ? new(next) : poll.NextAsync(stop)).ConfigureAwait(false);

        // On another thread: a poll whose rows have arrived works through them without ever waiting.
        _next = batch is not null && isSlow ? Task.Run(() => poll.NextAsync(stop).AsTask(), CancellationToken.None) : null;
        _handedOut = time.GetTimestamp();
        return batch;
    }

    /// <summary>Ends the poll and gives back what nobody will take.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_next is { } next)
        {
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (next.IsCompletedSuccessfully)
            {
                next.Result?.Release();
            }
        }

        await poll.DisposeAsync().ConfigureAwait(false);
    }
}
