namespace DataFlow.Connectors;

/// <summary>A queue in memory: messages are copied into the batch that will carry them. Bounded in records and bytes.</summary>
internal sealed class MessageBuffer : IMessageQueue
{
    private readonly Lock _gate = new();
    private readonly Queue<(RecordBatch Batch, int Messages)> _full = new();
    private readonly SourceContext _context;
    private readonly QueueSignals _signals;
    private readonly WebSocketMetrics _metrics;
    private readonly bool _dropsOldest;
    private readonly int _maxMessages;
    private readonly long _maxBytes;
    private readonly int _batchMessages;
    private readonly int _batchBytes;
    private RecordBatch? _open;
    private int _openMessages;
    private long _opened;
    private int _messages;
    private long _bytes;
    private int _dropped;
    private long _last;
    private bool _isDisposed;

    public MessageBuffer(WebSocketSourceOptions options, SourceContext context, StreamPlace start, WebSocketMetrics metrics)
    {
        (_context, _metrics, _signals) = (context, metrics, new QueueSignals(context.Time));
        _dropsOldest = options.OnFull == FullBufferPolicy.DropOldest;
        _maxMessages = options.BufferRecords > 0 ? options.BufferRecords : (int)Math.Min(context.BatchSize * 4L, int.MaxValue);
        _maxBytes = options.BufferBytes.Bytes;
        _batchMessages = Math.Min(context.BatchSize, _maxMessages);
        _batchBytes = (int)Math.Min(context.BatchBytes, _maxBytes);
        (Start, _last) = (start with { Number = start.Offset, Journal = null }, start.Offset);
    }

    /// <inheritdoc/>
    public StreamPlace Start { get; }

    /// <inheritdoc/>
    public StreamPlace Delivered => Start;

    /// <inheritdoc/>
    public long Last => Volatile.Read(ref _last);

    /// <inheritdoc/>
    public ValueTask AddAsync(MessageFrame frame, ReadOnlyMemory<byte> message, CancellationToken abandoned)
    {
        lock (_gate)
        {
            if (TryAdd(in frame, message.Span))
            {
                return ValueTask.CompletedTask;
            }
        }

        return AddLaterAsync(frame, message, abandoned);
    }

    /// <inheritdoc/>
    public void Complete(Exception? error)
    {
        lock (_gate)
        {
            _signals.Complete(error);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<RecordBatch?> TakeAsync()
    {
        while (true)
        {
            TimeSpan wait;
            Task woken;
            lock (_gate)
            {
                if (_full.TryDequeue(out var oldest))
                {
                    return GiveOut(oldest.Batch, oldest.Messages);
                }

                var age = _open is null ? TimeSpan.Zero : _context.Time.GetElapsedTime(_opened);
                if (_open is { } open && (_signals.IsComplete || age >= _context.MaxLatency))
                {
                    var messages = _openMessages;
                    (_open, _openMessages) = (null, 0);
                    return GiveOut(open, messages);
                }

                if (_signals.IsComplete)
                {
                    _signals.ThrowIfFailed();
                    return null;
                }

                wait = _open is null ? Timeout.InfiniteTimeSpan : _context.MaxLatency - age;
                woken = _signals.NextForTaker();
            }

            await _signals.WaitAsync(woken, wait).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Acknowledge(long number)
    {
        // What was given out is somebody else's.
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _open?.Release();
            _open = null;
            while (_full.TryDequeue(out var left))
            {
                left.Batch.Release();
            }

            _signals.WakeAdder();
        }
    }

    private async ValueTask AddLaterAsync(MessageFrame frame, ReadOnlyMemory<byte> message, CancellationToken abandoned)
    {
        _context.Report(SourceHealth.Waiting, "The buffer is full, because the pipeline takes messages slower than they come.");
        var since = _context.Time.GetTimestamp();
        while (true)
        {
            Task room;
            lock (_gate)
            {
                if (TryAdd(in frame, message.Span))
                {
                    break;
                }

                room = _signals.NextForAdder();
            }

            await room.WaitAsync(abandoned).ConfigureAwait(false);
        }

        _metrics.Blocked(_context.Time.GetElapsedTime(since));
        _context.Report(SourceHealth.Healthy, "There is room in the buffer again.");
    }

    private bool TryAdd(in MessageFrame frame, ReadOnlySpan<byte> message)
    {
        if (_isDisposed)
        {
            return true;
        }

        var size = MessageFrame.Size + message.Length;
        while (_messages > 0 && (_messages >= _maxMessages || _bytes + size > _maxBytes))
        {
            if (!_dropsOldest)
            {
                if (_full.Count == 0)
                {
                    // Nothing can be added to it any more, so there is nothing to wait for.
                    HandOn();
                }

                return false;
            }

            DropOldest();
        }

        if (_open is { } filled && filled.Length + size > _batchBytes)
        {
            HandOn();
        }

        if (_open is null)
        {
            _open = _context.Pool.Rent(Math.Max(size, Math.Min(_batchBytes, 16 << 10)));
            _opened = _context.Time.GetTimestamp();
            _signals.WakeTaker();
        }

        MessageFrame.Append(_open, in frame, message);
        Volatile.Write(ref _last, frame.Number);
        _openMessages++;
        _messages++;
        _bytes += size;
        if (_openMessages >= _batchMessages || _open.Length >= _batchBytes)
        {
            HandOn();
        }

        return true;
    }

    private void HandOn()
    {
        _full.Enqueue((_open!, _openMessages));
        (_open, _openMessages) = (null, 0);
        _signals.WakeTaker();
    }

    private void DropOldest()
    {
        var (batch, messages) = _full.TryDequeue(out var oldest) ? oldest : (_open!, _openMessages);
        if (batch == _open)
        {
            (_open, _openMessages) = (null, 0);
        }

        _messages -= messages;
        _bytes -= batch.Length;
        _dropped += messages;
        _metrics.Dropped(messages);
        batch.Release();
    }

    private RecordBatch GiveOut(RecordBatch batch, int messages)
    {
        _messages -= messages;
        _bytes -= batch.Length;
        (batch.Dropped, _dropped) = (_dropped, 0);
        _signals.WakeAdder();
        return batch;
    }
}
