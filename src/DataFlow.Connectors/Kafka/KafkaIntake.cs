using System.Globalization;
using Confluent.Kafka;

namespace DataFlow.Connectors;

/// <summary>
/// Collects messages into one open batch per partition and hands full ones on. Knows the partitions that are ours: messages of
/// others are left out. On the pump's thread only.
/// </summary>
internal sealed class KafkaIntake(SourceContext context, KafkaSourceOptions options, KafkaBatchQueue queue) : IKafkaIntake
{
    /// <summary>Rows times keys at which a batch of JSON ends, because its table of slices could become huge.</summary>
    private const long MostCells = 32L << 20;

    private static readonly byte[] SourceName = [.. "kafka"u8];

    private readonly Dictionary<(string Topic, int Partition), KafkaPartition> _partitions = [];
    private readonly KafkaRows _rows = new(options);
    private readonly string _format = options.Format.ToString().ToLowerInvariant();
    private readonly int _batchBytes = context.BatchBytes;
    private readonly int _batchSize = context.BatchSize;
    private KafkaPartition? _last;
    private string? _lastTopic;
    private int _usualBytes = 16 << 10;
    private long _openBytes;

    // When the oldest open batch has waited long enough, as a timestamp; may be too early, never too late.
    private long _due = long.MaxValue;

    /// <summary>Called with errors that came instead of a message.</summary>
    public required Action<Error> OnFailure { get; init; }

    /// <summary>The partitions that are ours.</summary>
    public IReadOnlyCollection<KafkaPartition> Partitions => _partitions.Values;

    /// <summary>Longest wait of a message for its batch to fill.</summary>
    public required TimeSpan Wait { get; init; }

    /// <summary>True once nothing more is taken: a stop.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>From now on messages of this partition are taken.</summary>
    public void Add(KafkaPartition partition)
    {
        _partitions[(partition.Topic, partition.Number)] = partition;
        _last = null;
    }

    /// <summary>From now on messages of these partitions are left out; what is in their open batches is read again by others.</summary>
    public void Remove(IReadOnlyCollection<KafkaPartition> partitions)
    {
        foreach (var partition in partitions)
        {
            _partitions.Remove((partition.Topic, partition.Number));
            DropOpen(partition);
        }

        _last = null;
    }

    /// <summary>Takes nothing more.</summary>
    public void Close()
    {
        IsClosed = true;
        foreach (var partition in _partitions.Values)
        {
            DropOpen(partition);
        }
    }

    /// <summary>Makes the start of a partition durable, so that a restart before the first message starts there too.</summary>
    public void NoteStart(KafkaPartition partition) => HandOnPosition(partition);

    /// <inheritdoc/>
    public void Message(string topic, in KafkaFrame frame, int partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> headers, ReadOnlySpan<byte> value)
    {
        if (IsClosed || Find(topic, partition) is not { } owner || frame.Offset < owner.Next)
        {
            return;
        }

        var length = KafkaFrame.Size + key.Length + headers.Length + sizeof(int) + value.Length;
        if (owner.Open is { } open && open.Length + length > _batchBytes)
        {
            HandOn(owner);
        }

        var batch = owner.Open ?? Open(owner, length);
        KafkaFrame.Append(batch, in frame, key, headers, value);
        _openBytes += length;
        batch.BytesRead += key.Length + headers.Length + value.Length;
        owner.Next = frame.Offset + 1;
        owner.Timestamp = frame.Timestamp;
        owner.IsCaughtUp |= owner.Next >= owner.EndAtStart && owner.EndAtStart >= 0;
        owner.OpenMessages++;
        if (options.Format == KafkaFormat.Json)
        {
            owner.OpenColons += value.Count((byte)':');
        }

        if (owner.OpenMessages >= _batchSize || batch.Length >= _batchBytes || owner.OpenMessages * owner.OpenColons > MostCells)
        {
            HandOn(owner);
        }
        else if (_openBytes >= options.BufferBytes.Bytes)
        {
            // Many partitions with a little each: handed on they fill the queue, so that fetching stops.
            Flush(all: true);
        }
    }

    /// <inheritdoc/>
    public void EndOfPartition(string topic, int partition, long offset)
    {
        if (IsClosed || Find(topic, partition) is not { } owner)
        {
            return;
        }

        owner.IsCaughtUp |= offset >= owner.EndAtStart;
        if (offset <= owner.Next)
        {
            return;
        }

        // Markers of transactions and messages that were compacted away come to nobody, but they are behind us.
        owner.Next = offset;
        if (owner.Open is null)
        {
            HandOnPosition(owner);
        }
    }

    /// <inheritdoc/>
    public void Failure(Error error) => OnFailure(error);

    /// <summary>Hands on the batches that have waited long enough.</summary>
    /// <param name="all">True for all of them.</param>
    public void Flush(bool all = false)
    {
        var now = context.Time.GetTimestamp();
        if (now < _due && !all)
        {
            return;
        }

        _due = long.MaxValue;
        foreach (var partition in _partitions.Values)
        {
            if (partition.Open is null)
            {
                continue;
            }

            if (all || context.Time.GetElapsedTime(partition.Opened, now) >= Wait)
            {
                HandOn(partition);
            }
            else
            {
                _due = Math.Min(_due, DueOf(partition));
            }
        }
    }

    /// <summary>How long until a batch has waited long enough, at most so long.</summary>
    public TimeSpan TimeToFlush(TimeSpan most)
    {
        if (_due == long.MaxValue)
        {
            return most;
        }

        var now = context.Time.GetTimestamp();
        var left = now < _due ? context.Time.GetElapsedTime(now, _due) : TimeSpan.Zero;
        return left < most ? left : most;
    }

    private long DueOf(KafkaPartition partition) => partition.Opened + (long)(Wait.TotalSeconds * context.Time.TimestampFrequency);

    private void DropOpen(KafkaPartition partition)
    {
        _openBytes -= partition.Open?.Length ?? 0;
        partition.Open?.Release();
        partition.Open = null;
    }

    private KafkaPartition? Find(string topic, int partition)
    {
        // The fetcher gives one topic's messages one string: its letters are compared once per run of messages.
        if (_last is { } last && last.Number == partition && ReferenceEquals(_lastTopic, topic))
        {
            return last;
        }

        _lastTopic = topic;
        return _last = _partitions.GetValueOrDefault((topic, partition));
    }

    private RecordBatch Open(KafkaPartition owner, int length)
    {
        var batch = context.Pool.Rent(Math.Max(length, Math.Min(_usualBytes, _batchBytes)));
        Describe(batch, owner);
        owner.Open = batch;
        owner.OpenMessages = 0;
        owner.OpenColons = 0;
        owner.Opened = context.Time.GetTimestamp();
        _due = Math.Min(_due, DueOf(owner));
        return batch;
    }

    private void HandOn(KafkaPartition owner)
    {
        var batch = owner.Open!;
        owner.Open = null;
        _usualBytes = batch.Length;
        _openBytes -= batch.Length;
        batch.AdvanceTo(owner.Split, owner.Position);
        batch.Defer(_rows);
        queue.Add(owner.Split, batch);
    }

    private void HandOnPosition(KafkaPartition owner)
    {
        var batch = context.Pool.Rent(0);
        Describe(batch, owner);
        batch.AdvanceTo(owner.Split, owner.Position);
        queue.Add(owner.Split, batch);
    }

    private void Describe(RecordBatch batch, KafkaPartition owner)
    {
        batch.Identity = owner.Identity;
        batch.Metadata
            .Set("source", SourceName)
            .Set("source_id", context.SourceId)
            .Set("topic", owner.Topic)
            .Set("partition", owner.Number.ToString(CultureInfo.InvariantCulture))
            .Set("format", _format)
            .Set("timestamp", context.Time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
    }
}
