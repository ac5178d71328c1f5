using System.IO.Hashing;
using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>
/// Where batches wait between the producers that push them and the run that takes them: open as long as one attempt of the run
/// reads. Keeps nothing beyond that: what was not delivered is its producer's, who sends it again. Bounded in bytes. Thread-safe.
/// </summary>
public sealed class PushInbox
{
    // Batches that are sent at the same time may come in another order.
    private const int MostAhead = 16;

    private static readonly TimeSpan PatienceWithOrder = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly ProducerLines _producers;
    private readonly Queue<PushedBatch> _waiting = new();
    private readonly PushSourceOptions _options;
    private readonly SourceContext _context;
    private readonly PushParser _parser;
    private readonly bool _needsId;
    private TaskCompletionSource _changed = NewSignal();
    private PushedBatch? _current;
    private long _room;
    private bool _isClosed;

    internal PushInbox(PushSourceOptions options, SourceContext context, bool needsId)
    {
        (_options, _context, _needsId) = (options, context, needsId);
        _parser = new PushParser(options, context);
        _producers = new ProducerLines(options, context);
        _room = options.InboxBytes.Bytes;
    }

    /// <summary>How a body is laid out whose producer does not say.</summary>
    public RecordFormat Format => _options.Format;

    /// <summary>Bytes that may wait in all. A larger body can never be received.</summary>
    public long Capacity => _options.InboxBytes.Bytes;

    /// <summary>True when nothing waits to be taken.</summary>
    internal bool IsEmpty
    {
        get { lock (_gate) { return _waiting.Count == 0 && _current is null; } }
    }

    /// <summary>Begins to receive a body.</summary>
    public PushBody Receive() => new(this, _context.Pool);

    /// <summary>Hands a batch in; returns when it is delivered, or when it is known that it isn't.</summary>
    /// <param name="id">What it is recognised by; null for a batch that is delivered again when it is sent again.</param>
    /// <param name="body">Its bytes; the inbox disposes it.</param>
    /// <param name="format">How they are laid out.</param>
    /// <param name="ct">The producer does not wait any more; the batch is delivered all the same.</param>
    public async Task<PushReceipt> DeliverAsync(BatchId? id, PushBody body, RecordFormat format, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(body);
        using (body)
        {
            if (id is null && _needsId)
            {
                return Unreadable($"The pipeline is effectively-once, so each batch needs the header Batch-Id: {BatchId.Expected}");
            }

            var producer = id?.Producer ?? ProducerLines.Unnamed;
            var checksum = XxHash3.HashToUInt64(body.Bytes.Span);
            ParsedBody? parsed = null;
            try
            {
                var started = _context.Time.GetTimestamp();
                while (true)
                {
                    Task changed;
                    PushedBatch? received;
                    long life;
                    lock (_gate)
                    {
                        changed = _changed.Task;
                        life = _producers.Find(producer)?.Life ?? _producers.ForgottenSoFar;
                        var (sequence, refusal) = Place(id, checksum, out received);
                        if (refusal is { Outcome: not PushOutcome.OutOfSequence })
                        {
                            return refusal;
                        }

                        if (refusal is not null && (sequence - refusal.Expected >= MostAhead || _context.Time.GetElapsedTime(started) >= PatienceWithOrder))
                        {
                            return refusal;
                        }

                        if (refusal is null && received is null && parsed?.Life == life)
                        {
                            received = Accept(new BatchId(producer, sequence), checksum, parsed, body.Detach());
                            parsed = null;
                        }
                    }

                    if (received is not null)
                    {
                        return await DeliveredAsync(received, ct).ConfigureAwait(false);
                    }

                    if (parsed?.Life != life)
                    {
                        parsed?.Release();
                        parsed = null;
                        parsed = _parser.Parse(id, life, body.Bytes.Span, format);
                        continue;
                    }

                    await WaitAsync(changed, PatienceWithOrder - _context.Time.GetElapsedTime(started), ct).ConfigureAwait(false);
                }
            }
            catch (ConnectorException refused)
            {
                return Unreadable(refused.Message);
            }
            finally
            {
                parsed?.Release();
            }
        }
    }

    /// <summary>
    /// The sequence of a producer's last delivered batch, 0 before the first. Waits for those that are received: a producer that has
    /// started again may have been cut off from them.
    /// </summary>
    /// <returns>Null when the run stops taking batches meanwhile, or they are not delivered in time.</returns>
    public async Task<long?> LastOfAsync(string producer, CancellationToken ct)
    {
        while (true)
        {
            PushedBatch? last;
            lock (_gate)
            {
                if (_isClosed)
                {
                    return null;
                }

                var line = _producers.Find(producer);
                last = line?.Last;
                if (last is null)
                {
                    return line?.Delivered.Offset ?? 0;
                }
            }

            if ((await DeliveredAsync(last, ct).ConfigureAwait(false)).Outcome != PushOutcome.Delivered)
            {
                return null;
            }
        }
    }

    /// <summary>The next records; null after <paramref name="stop"/>, at the end of a batch.</summary>
    internal async ValueTask<RecordBatch?> TakeAsync(CancellationToken stop)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_current is not null && _current.Parts.TryDequeue(out var part))
                {
                    return part;
                }

                _current = null;
                if (stop.IsCancellationRequested)
                {
                    return null;
                }

                if (_waiting.TryDequeue(out _current))
                {
                    continue;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Batches are delivered.</summary>
    internal void Acknowledge(IEnumerable<Advance> advances)
    {
        lock (_gate)
        {
            foreach (var (producer, position) in advances)
            {
                if (position == Position.Gone || producer == ProducerLines.Forgotten)
                {
                    continue;
                }

                foreach (var batch in _producers.Find(producer)!.Deliver((PushPosition)position))
                {
                    _room += batch.Room;
                    batch.Complete(PushOutcome.Delivered);
                }
            }

            Change();
        }
    }

    /// <summary>No more is taken in; what nobody has taken is given back to its producers.</summary>
    internal void StopIntake()
    {
        lock (_gate)
        {
            _isClosed = true;
            _current?.ReleaseParts();
            while (_waiting.TryDequeue(out var batch))
            {
                batch.ReleaseParts();
                batch.Complete(PushOutcome.Closed);
            }

            Change();
        }
    }

    /// <summary>The attempt is over: nothing is delivered any more.</summary>
    internal void Close()
    {
        StopIntake();
        lock (_gate)
        {
            foreach (var batch in _producers.All.SelectMany(line => line.TakeAll()))
            {
                batch.Complete(PushOutcome.Closed);
            }
        }
    }

    internal bool TryTake(long bytes)
    {
        lock (_gate)
        {
            if (bytes > _room)
            {
                return false;
            }

            _room -= bytes;
            return true;
        }
    }

    internal void GiveBack(long bytes)
    {
        lock (_gate)
        {
            _room += bytes;
        }
    }

    /// <summary>Where a batch belongs in its producer's line: its sequence, or why it does not belong there, or that it is there.</summary>
    private (long Sequence, PushReceipt? Refusal) Place(BatchId? id, ulong checksum, out PushedBatch? received)
    {
        received = null;
        if (_isClosed)
        {
            return (0, new PushReceipt(PushOutcome.Closed));
        }

        var line = _producers.Find(id?.Producer ?? ProducerLines.Unnamed);
        var next = line?.Next ?? 1;
        if (id is not { Sequence: var sequence })
        {
            return (next, null);
        }

        if (line is null && !_producers.HasRoom())
        {
            return (sequence, new PushReceipt(PushOutcome.TooManyProducers));
        }

        if (line is null || sequence >= next)
        {
            return (sequence, sequence == next ? null : new PushReceipt(PushOutcome.OutOfSequence, Expected: next));
        }

        received = line.Find(sequence);
        var known = received?.Checksum ?? (sequence == line.Delivered.Offset ? line.Delivered.Checksum : null);
        return (sequence, known is { } sum && sum != checksum ? new PushReceipt(PushOutcome.OtherContent)
            : received is null ? new PushReceipt(PushOutcome.AlreadyDelivered)
            : null);
    }

    private PushedBatch Accept(BatchId id, ulong checksum, ParsedBody parsed, long room)
    {
        var parts = parsed.Parts;
        var batch = new PushedBatch
        {
            Id = id,
            Checksum = checksum,
            Parts = parts,
            Records = parts.Sum(part => part.RowCount + part.Errors.Count),
            DeadLettered = parts.Sum(part => part.Errors.Count),
            Room = room,
        };
        var last = parts.Last();
        _producers.Add(batch, last);
        last.AdvanceTo(id.Producer, new PushPosition(id.Sequence)
        {
            Checksum = checksum,
            Format = parsed.Format,
            Header = parsed.Header,
            At = _context.Time.GetUtcNow(),
            Life = parsed.Life,
        });
        _waiting.Enqueue(batch);
        Change();
        return batch;
    }

    private async Task<PushReceipt> DeliveredAsync(PushedBatch batch, CancellationToken ct)
    {
        try
        {
            return await batch.Completion.WaitAsync(_options.AnswerWithin, _context.Time, ct).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return new PushReceipt(PushOutcome.Late);
        }
    }

    private async Task WaitAsync(Task changed, TimeSpan limit, CancellationToken ct)
    {
        try
        {
            await changed.WaitAsync(limit > TimeSpan.Zero ? limit : TimeSpan.Zero, _context.Time, ct).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Looked at once more, then refused.
        }
    }

    private void Change()
    {
        _changed.TrySetResult();
        _changed = NewSignal();
    }

    private static PushReceipt Unreadable(string problem) => new(PushOutcome.Unreadable, Problem: problem);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
