using System.Threading.Channels;

namespace DataFlow;

/// <summary>
/// Collects records that come one at a time into batches, cut by records, bytes and time. One producer fills it, the source
/// yields what <see cref="ReadAllAsync"/> gives. A slow consumer makes <see cref="AddAsync"/> wait.
/// </summary>
public sealed class Batcher
{
    private readonly SourceContext _context;
    private readonly Channel<RecordBatch> _ready = Channel.CreateBounded<RecordBatch>(
        new BoundedChannelOptions(2) { SingleReader = true });

    private readonly SemaphoreSlim _filling = new(1, 1);
    private RecordBatch? _open;
    private long _opened;

    internal Batcher(SourceContext context) => _context = context;

    /// <summary>Adds one record to the open batch and hands the batch on when it is full.</summary>
    /// <param name="write">Adds exactly one row, and advances if a restart point follows it. Runs at once, never concurrently.</param>
    /// <param name="state">Passed to <paramref name="write"/>, so that a static lambda can be used.</param>
    /// <param name="ct">Gives up waiting for room.</param>
    public async ValueTask AddAsync<TState>(Action<RecordBatch, TState> write, TState state, CancellationToken ct)
    {
        await _filling.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            if (_open is null)
            {
                _open = _context.Pool.Rent(Math.Min(_context.BatchBytes, 64 << 10));
                _opened = _context.Time.GetTimestamp();
            }

            write(_open, state);
            if (_open.RowCount + _open.Errors.Count >= _context.BatchSize || _open.Length >= _context.BatchBytes)
            {
                await HandOnAsync(ct).ConfigureAwait(false);
            }
        }
        finally
        {
            _filling.Release();
        }
    }

    /// <summary>Hands the open batch on, full or not.</summary>
    public async ValueTask FlushAsync(CancellationToken ct)
    {
        await _filling.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            await HandOnAsync(ct).ConfigureAwait(false);
        }
        finally
        {
            _filling.Release();
        }
    }

    /// <summary>Says that no more records come. The reader gets what is left and then ends, or fails with the error.</summary>
    public async ValueTask CompleteAsync(Exception? error = null)
    {
        await FlushAsync(CancellationToken.None).ConfigureAwait(false);
        _ready.Writer.TryComplete(error);
    }

    /// <summary>The batches, until <see cref="CompleteAsync"/>. A partial batch is given out after the context's max latency.</summary>
    public async IAsyncEnumerable<RecordBatch> ReadAllAsync()
    {
        var flushing = FlushByTimeAsync();
        try
        {
            await foreach (var batch in _ready.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                yield return batch;
            }
        }
        finally
        {
            // A reader that leaves early must not leave the producer waiting for room, nor batches behind.
            _ready.Writer.TryComplete();
            ReleaseReady();
            await _filling.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            _open?.Release();
            _open = null;
            ReleaseReady();
            _filling.Release();
            await flushing.ConfigureAwait(false);
        }
    }

    private async Task FlushByTimeAsync()
    {
        using var timer = new PeriodicTimer(_context.MaxLatency / 2 > TimeSpan.FromMilliseconds(1) ? _context.MaxLatency / 2 : TimeSpan.FromMilliseconds(1), _context.Time);
        var ended = _ready.Reader.Completion;
        while (!ended.IsCompleted)
        {
            var tick = timer.WaitForNextTickAsync(CancellationToken.None).AsTask();
            if (await Task.WhenAny(tick, ended).ConfigureAwait(false) == ended || !_filling.Wait(0, CancellationToken.None))
            {
                // A producer that holds the batch is waiting for room: the consumer is slow, and time is not what is missing.
                continue;
            }

            try
            {
                if (_open is not null && _context.Time.GetElapsedTime(_opened) >= _context.MaxLatency / 2 && _ready.Writer.TryWrite(_open))
                {
                    _open = null;
                }
            }
            finally
            {
                _filling.Release();
            }
        }
    }

    private async ValueTask HandOnAsync(CancellationToken ct)
    {
        if (_open is not { } batch)
        {
            return;
        }

        while (await _ready.Writer.WaitToWriteAsync(ct).ConfigureAwait(false))
        {
            if (_ready.Writer.TryWrite(batch))
            {
                _open = null;
                return;
            }
        }

        // The reader has gone: what it did not take is read again, or kept by the engine.
        batch.Release();
        _open = null;
    }

    private void ReleaseReady()
    {
        while (_ready.Reader.TryRead(out var unread))
        {
            unread.Release();
        }
    }
}
