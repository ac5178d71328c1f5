namespace DataFlow.Connectors;

/// <summary>
/// A queue in files: each message is written before it counts as received, and read back from there, so that a restart loses none.
/// Files are removed when all of their messages are delivered; the newest one stays, because it keeps the numbers going. When the
/// files are full, adding waits until something is delivered.
/// </summary>
internal sealed class MessageJournal : IMessageQueue
{
    /// <summary>So many files at least, so that room is given back in steps.</summary>
    private const int Segments = 8;

    private const long LargestSegment = 64L << 20;

    private readonly Lock _gate = new();
    private readonly List<JournalSegment> _segments = [];
    private readonly SourceContext _context;
    private readonly QueueSignals _signals;
    private readonly WebSocketMetrics _metrics;
    private readonly string _folder;
    private readonly long _maxBytes;
    private readonly long _segmentBytes;
    private JournalMark? _mark;
    private JournalSegment? _reading;
    private long _readAt;
    private int _unread;
    private long _unreadBytes;
    private long _unreadSince;
    private long _bytes;
    private long _acknowledged;
    private long _last;
    private JournalLosses? _losses;
    private bool _isDisposed;

    private MessageJournal(WebSocketSourceOptions options, SourceContext context, StreamPlace start, WebSocketMetrics metrics, string folder)
    {
        (_context, _metrics, _folder, Start, Delivered) = (context, metrics, folder, start, start);
        _signals = new QueueSignals(context.Time);
        _maxBytes = options.JournalBytes.Bytes;
        _segmentBytes = Math.Min(_maxBytes / Segments, LargestSegment);
    }

    /// <inheritdoc/>
    public StreamPlace Delivered { get; private set; }

    /// <inheritdoc/>
    public StreamPlace Start { get; private set; }

    /// <inheritdoc/>
    public long Last => Volatile.Read(ref _last);

    /// <inheritdoc/>
    public RecordIdentity Identity => new($"websocket-journal:{_segments[^1].Journal:N}", WebSocketSourceConnector.Split);

    /// <inheritdoc/>
    public IReadOnlyList<SourceGap> Lost => _losses?.Gaps ?? [];

    /// <summary>Opens the journal of a pipeline, or begins it.</summary>
    /// <param name="options">Bound its size.</param>
    /// <param name="context">Has the folder.</param>
    /// <param name="start">What is delivered: the messages after it are taken first.</param>
    /// <param name="metrics">Counts.</param>
    /// <exception cref="ConnectorException">It can't be used.</exception>
    public static MessageJournal Open(WebSocketSourceOptions options, SourceContext context, StreamPlace start, WebSocketMetrics metrics)
    {
        var folder = context.Folder is { } own ? Path.Combine(own, "journal") : throw ConnectorException.User(
            "journal: true keeps messages in the state folder, and this run has none; run the pipeline with a state folder, or leave the journal out.");
        var journal = new MessageJournal(options, context, start, metrics, folder);
        try
        {
            journal.Recover();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            journal.Dispose();
            throw Unusable(folder, failure);
        }

        return journal;
    }

    /// <inheritdoc/>
    public async ValueTask AddAsync(MessageFrame frame, ReadOnlyMemory<byte> message, CancellationToken abandoned)
    {
        long blocked = 0;
        while (true)
        {
            Task room;
            lock (_gate)
            {
                if (_isDisposed || TryAdd(frame, message.Span))
                {
                    break;
                }

                room = _signals.NextForAdder();
            }

            if (blocked == 0)
            {
                blocked = _context.Time.GetTimestamp();
                _context.Report(SourceHealth.Waiting, $"The journal is full ({new ByteSize(_maxBytes)}): nothing is received until something is delivered.");
            }

            await room.WaitAsync(abandoned).ConfigureAwait(false);
        }

        if (blocked != 0)
        {
            _metrics.Blocked(_context.Time.GetElapsedTime(blocked));
            _context.Report(SourceHealth.Healthy, "There is room in the journal again.");
        }
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
                var age = _unread == 0 ? TimeSpan.Zero : _context.Time.GetElapsedTime(_unreadSince);
                var isDue = _unread >= _context.BatchSize || _unreadBytes >= _context.BatchBytes || age >= _context.MaxLatency || _signals.IsComplete;
                if (_unread > 0 && isDue)
                {
                    return Read();
                }

                if (_signals.IsComplete)
                {
                    _signals.ThrowIfFailed();
                    return null;
                }

                wait = _unread == 0 ? Timeout.InfiniteTimeSpan : _context.MaxLatency - age;
                woken = _signals.NextForTaker();
            }

            await _signals.WaitAsync(woken, wait).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void LostIsKnown()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            try
            {
                Mark(_losses!.UpTo);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw Unusable(_folder, failure);
            }
        }
    }

    /// <inheritdoc/>
    public void Acknowledge(long number)
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _acknowledged = Math.Max(_acknowledged, number);
            try
            {
                Mark();
                RemoveDelivered();
                _segments[^1].Flush();
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw Unusable(_folder, failure);
            }

            _signals.WakeAdder();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _segments.ForEach(segment => segment.Dispose());
            _mark?.Dispose();
            _signals.WakeAdder();
        }
    }

    private static ConnectorException Unusable(string folder, Exception failure) =>
        ConnectorException.External($"The journal in {folder} can't be used: {failure.Message}", failure);

    private void Recover()
    {
        Directory.CreateDirectory(_folder);
        foreach (var path in Directory.GetFiles(_folder, "*" + JournalSegment.Extension).Order(StringComparer.Ordinal))
        {
            if (JournalSegment.Open(path) is { } segment)
            {
                _segments.Add(segment);
            }
        }

        var journal = _segments.Count > 0 ? _segments[^1].Journal : Guid.NewGuid();
        _mark = JournalMark.Open(_folder, journal);
        Start = Delivered = PlaceIn(journal, Delivered, _mark);
        _acknowledged = Delivered.Number;
        _losses = new JournalLosses(Delivered, _context.Time.GetUtcNow());
        for (var index = 0; index < _segments.Count; index++)
        {
            var segment = _segments[index];
            Start = Start with { Number = Math.Max(Start.Number, segment.First - 1) };
            segment.Recover((frames, offset) => TakeIn(segment, frames, offset, Delivered.Number));
            Finish(segment, index + 1 < _segments.Count ? _segments[index + 1] : null);
            _bytes += segment.Length;
        }

        _losses.End();
        _last = Start.Number;
        if (Delivered.Journal is { LeftUpTo: long.MaxValue } place)
        {
            (Start, Delivered) = (Start with { Journal = place with { LeftUpTo = _last } }, Delivered with { Journal = place with { LeftUpTo = _last } });
        }

        Mark();
        if (_segments.Count == 0)
        {
            Begin(journal);
        }

        _reading ??= _segments[^1];
        _readAt = _readAt == 0 ? _reading.Length : _readAt;
        _unreadSince = _context.Time.GetTimestamp();
        RemoveDelivered();
    }

    /// <summary>
    /// How far this journal is delivered. The number of another one says nothing about that: what is left in this one is delivered
    /// then, which its mark tells, and is older than the position.
    /// </summary>
    private StreamPlace PlaceIn(Guid journal, StreamPlace stored, JournalMark mark)
    {
        if (_segments.Count == 0)
        {
            return stored with { Number = stored.Offset, Journal = new JournalPlace(journal, 0, 0) };
        }

        if (stored.Journal?.Journal == journal)
        {
            return stored;
        }

        if (stored.Journal is null || (stored.Journal == JournalPlace.None && !mark.WasThere))
        {
            // Somebody has chosen it, or a former version stored it.
            return stored with { Number = Math.Max(0, stored.Number - mark.Elsewhere), Journal = new JournalPlace(journal, mark.Elsewhere, 0) };
        }

        var delivered = Math.Max(mark.Number ?? 0, _segments[0].First - 1);
        return stored with { Number = delivered, Journal = new JournalPlace(journal, stored.Offset - delivered, long.MaxValue) };
    }

    private void Mark(long toldUpTo = 0) =>
        _mark!.Set(Delivered.Journal!.Journal, _acknowledged, Delivered.Journal.Elsewhere, Math.Max(_mark.ToldUpTo, toldUpTo));

    /// <summary>Only the newest file can have been cut off by the end of a process; elsewhere it is damage, and costs what comes up to the next file.</summary>
    private void Finish(JournalSegment segment, JournalSegment? next)
    {
        var missing = next is null ? 0 : _losses!.MissingBefore(segment, next.First, _mark!.ToldUpTo);
        if (missing == 0)
        {
            segment.CutOff();
            return;
        }

        var aside = segment.KeepDamaged() is { } path ? $"; what is there was moved to {path}" : "";
        _losses!.Add(missing, next!.First - 1, $"The journal's file {segment.Path} is damaged from byte {segment.Length} on{aside}.");
    }

    /// <summary>Counts what was not delivered yet, and finds where that begins.</summary>
    private void TakeIn(JournalSegment segment, ReadOnlySpan<byte> frames, long offset, long delivered)
    {
        for (var at = 0; at < frames.Length;)
        {
            ref readonly var frame = ref MessageFrame.At(frames, at);
            var size = MessageFrame.Size + frame.Length;
            _losses!.Follow(in frame);
            if (frame.Number > delivered)
            {
                if (_reading is null)
                {
                    (_reading, _readAt) = (segment, offset + at);
                }

                _unread++;
                _unreadBytes += size;
                Start = MessageFrame.Follow(Start, frames.Slice(at, size), out _);
            }

            at += size;
        }
    }

    private bool TryAdd(MessageFrame frame, ReadOnlySpan<byte> message)
    {
        var size = MessageFrame.Size + message.Length;
        try
        {
            if (_segments[^1].Length > JournalSegment.Start && _segments[^1].Length + size > _segmentBytes)
            {
                // Full or not: a file that is done can be removed as soon as it is delivered.
                Begin(_segments[^1].Journal);
                RemoveDelivered();
            }

            if (_unread + (_last - _acknowledged) > 0 && _bytes + size > _maxBytes)
            {
                return false;
            }

            _segments[^1].Append(frame, message);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Unusable(_folder, failure);
        }

        _bytes += size;
        Volatile.Write(ref _last, frame.Number);
        if (_unread++ == 0)
        {
            _unreadSince = _context.Time.GetTimestamp();
        }

        _unreadBytes += size;
        if (_unread == 1 || _unread == _context.BatchSize || _unreadBytes >= _context.BatchBytes)
        {
            _signals.WakeTaker();
        }

        return true;
    }

    private void Begin(Guid journal)
    {
        if (_segments.Count > 0)
        {
            _segments[^1].Flush();
        }

        _segments.Add(JournalSegment.Create(_folder, journal, _last + 1));
        _bytes += JournalSegment.Start;
    }

    private RecordBatch Read()
    {
        while (_readAt == _reading!.Length)
        {
            _reading = _segments[_segments.IndexOf(_reading) + 1];
            _readAt = JournalSegment.Start;
        }

        var left = _reading.Length - _readAt;
        var batch = _context.Pool.Rent((int)Math.Min(left, Math.Max(_context.BatchBytes, MessageFrame.Size)));
        try
        {
            Fill(batch, (int)Math.Min(left, batch.Capacity));
            var size = MessageFrame.Size + MessageFrame.At(batch.Data, 0).Length;
            if (size > batch.Length)
            {
                batch.EnsureCapacity(size);
                Fill(batch, size);
            }

            var messages = 0;
            var end = 0;
            for (; messages < _context.BatchSize && batch.Length - end >= MessageFrame.Size; messages++)
            {
                size = MessageFrame.Size + MessageFrame.At(batch.Data, end).Length;
                if (size > batch.Length - end)
                {
                    break;
                }

                end += size;
            }

            batch.Length = end;
            _readAt += end;
            _unread -= messages;
            _unreadBytes -= end;
            _unreadSince = _context.Time.GetTimestamp();
            return batch;
        }
        catch (IOException failure)
        {
            batch.Release();
            throw Unusable(_folder, failure);
        }
    }

    private void Fill(RecordBatch batch, int length)
    {
        _reading!.Read(_readAt, batch.Data.AsSpan(0, length));
        batch.Length = length;
    }

    /// <summary>Removes files whose last message is delivered: those before one that begins with a message that may be delivered next.</summary>
    private void RemoveDelivered()
    {
        while (_segments.Count > 1 && _segments[1].First <= _acknowledged + 1 && (_segments[0] != _reading || _readAt == _reading.Length))
        {
            if (_segments[0] == _reading)
            {
                (_reading, _readAt) = (_segments[1], JournalSegment.Start);
            }

            _bytes -= _segments[0].Length;
            _segments[0].Delete();
            _segments.RemoveAt(0);
        }
    }
}
