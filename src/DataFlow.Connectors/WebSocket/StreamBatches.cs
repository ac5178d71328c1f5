namespace DataFlow.Connectors;

/// <summary>The batches of the stream and those that fill its gaps, in turn where both have some. One caller at a time.</summary>
/// <param name="queue">The stream's, which decides about the end.</param>
/// <param name="filler">The gaps'; null when they stay.</param>
internal sealed class StreamBatches(IMessageQueue queue, GapFiller? filler) : IAsyncDisposable
{
    private Task<RecordBatch?>? _taking;
    private Task<RecordBatch?>? _filling;
    private bool _isFilled;

    /// <summary>The last batch is from a gap.</summary>
    public bool IsFill { get; private set; }

    /// <summary>The next batch; null at the end of the stream.</summary>
    public ValueTask<RecordBatch?> NextAsync() => filler is null || _isFilled ? TakeAsync() : EitherAsync(filler);

    /// <summary>Gives back what nobody has taken. After the queue was completed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (filler is null)
        {
            return;
        }

        await filler.StopAsync().ConfigureAwait(false);
        foreach (var left in new[] { _taking, _filling }.OfType<Task<RecordBatch?>>())
        {
            await ((Task)left).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            (left.IsCompletedSuccessfully ? await left.ConfigureAwait(false) : null)?.Release();
        }

        await filler.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask<RecordBatch?> EitherAsync(GapFiller gaps)
    {
        _taking ??= queue.TakeAsync().AsTask();
        _filling ??= gaps.NextAsync();
        await Task.WhenAny(_taking, _filling).ConfigureAwait(false);
        if (!_filling.IsCompleted || (IsFill && _taking.IsCompleted))
        {
            return await TakeAsync().ConfigureAwait(false);
        }

        var filling = _filling;
        _filling = null;
        IsFill = true;
        if (await filling.ConfigureAwait(false) is { } batch)
        {
            return batch;
        }

        _isFilled = true;
        return await TakeAsync().ConfigureAwait(false);
    }

    private ValueTask<RecordBatch?> TakeAsync()
    {
        IsFill = false;
        var taking = _taking is null ? queue.TakeAsync() : new ValueTask<RecordBatch?>(_taking);
        _taking = null;
        return taking;
    }
}
