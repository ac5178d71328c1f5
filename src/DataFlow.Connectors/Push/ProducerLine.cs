namespace DataFlow.Connectors;

/// <summary>The batches of one producer, in their order. Guarded by its inbox.</summary>
/// <param name="delivered">The last batch that is delivered.</param>
/// <param name="life">See <see cref="PushPosition.Life"/>.</param>
/// <param name="opened">What counts as the time of its last batch where that is not known.</param>
internal sealed class ProducerLine(PushPosition delivered, long life, DateTimeOffset opened)
{
    private readonly Queue<PushedBatch> _inFlight = new();

    /// <summary>The last batch that is delivered.</summary>
    public PushPosition Delivered { get; private set; } = delivered;

    public long Life => life;

    /// <summary>When its last batch came.</summary>
    public DateTimeOffset At { get; private set; } = delivered.At ?? opened;

    /// <summary>The sequence that comes next.</summary>
    public long Next { get; private set; } = delivered.Offset + 1;

    /// <summary>The last batch that is received and not delivered; null when there is none.</summary>
    public PushedBatch? Last => _inFlight.LastOrDefault();

    /// <summary>The received batch with a sequence; null when it is delivered or not received.</summary>
    public PushedBatch? Find(long sequence) => _inFlight.FirstOrDefault(batch => batch.Id.Sequence == sequence);

    public void Add(PushedBatch batch, DateTimeOffset now)
    {
        _inFlight.Enqueue(batch);
        (Next, At) = (batch.Id.Sequence + 1, now);
    }

    /// <summary>Takes out what is delivered up to a position.</summary>
    public IEnumerable<PushedBatch> Deliver(PushPosition position)
    {
        Delivered = position;
        while (_inFlight.TryPeek(out var batch) && batch.Id.Sequence <= position.Offset)
        {
            yield return _inFlight.Dequeue();
        }
    }

    /// <summary>Takes out everything that is not delivered.</summary>
    public IEnumerable<PushedBatch> TakeAll()
    {
        while (_inFlight.TryDequeue(out var batch))
        {
            yield return batch;
        }
    }
}
