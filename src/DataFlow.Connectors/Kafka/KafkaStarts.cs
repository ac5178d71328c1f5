using Confluent.Kafka;

namespace DataFlow.Connectors;

/// <summary>Finds out where to start in partitions. Asks brokers, so it waits; callable within a rebalance.</summary>
internal sealed class KafkaStarts(IConsumer<KafkaBytes, KafkaBytes> consumer, KafkaStart start, KafkaNotices notices)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>What the other partitions of a broker that does not answer may cost: a rebalance waits for all of them.</summary>
    private static readonly TimeSpan LimitAfterFailure = TimeSpan.FromMilliseconds(200);

    private TimeSpan _limit = Limit;

    /// <summary>Where the group stands in partitions, by what was committed to the brokers.</summary>
    public IReadOnlyDictionary<TopicPartition, Known> Committed(IEnumerable<TopicPartition> partitions) =>
        consumer.Committed(partitions, Limit)
            .Where(committed => committed.Offset.Value >= 0)
            .ToDictionary(committed => committed.TopicPartition, committed => new Known(committed.Offset.Value, IsByHand: false));

    /// <summary>Where to start in each partition.</summary>
    /// <param name="partitions">The partitions.</param>
    /// <param name="known">Where to go on in those that were read before.</param>
    /// <param name="isNewest">True for partitions that are younger than our reading: none of their messages may be left out.</param>
    /// <exception cref="ConnectorException">There is no place to start.</exception>
    public IReadOnlyList<Start> Resolve(
        IReadOnlyCollection<TopicPartition> partitions, IReadOnlyDictionary<TopicPartition, Known> known, Func<TopicPartition, bool> isNewest)
    {
        _limit = Limit;
        var byTime = ByTime([.. partitions.Where(partition => !known.ContainsKey(partition) && !isNewest(partition))]);
        return [.. partitions.Select(partition => known.TryGetValue(partition, out var position)
            ? GoOn(partition, position)
            : Begin(partition, byTime, isNewest(partition)))];
    }

    private Dictionary<TopicPartition, Offset> ByTime(IReadOnlyCollection<TopicPartition> partitions)
    {
        // The client takes it for an error to ask for none.
        if (start.At is not { } at || partitions.Count == 0)
        {
            return [];
        }

        return consumer
            .OffsetsForTimes(partitions.Select(partition => new TopicPartitionTimestamp(partition, new Timestamp(at.UtcDateTime))), Limit)
            .ToDictionary(found => found.TopicPartition, found => found.Offset);
    }

    private Start GoOn(TopicPartition partition, Known known)
    {
        var next = known.Next;
        if (Watermarks(partition) is not { } range)
        {
            return new Start(partition, next, EndAtStart: -1, IsNew: false);
        }

        if (next > range.High.Value && known.IsByHand)
        {
            throw ConnectorException.User(
                $"The position of {partition.Topic}:{partition.Partition.Value} was set so that reading goes on at offset {next}, but its end is {range.High.Value}. "
                + $"Set at most {range.High.Value - 1}, the offset of the last message that counts as read.");
        }

        if (next > range.High.Value)
        {
            var anew = $"{partition.Topic}:{partition.Partition.Value} ends at offset {range.High.Value}, but everything before {next} was read already: "
                + "the topic was deleted and made anew.";
            if (start.Reset == "error")
            {
                throw ConnectorException.User($"{anew} auto-offset-reset is error; choose earliest to read it from its start.");
            }

            notices.Say($"recreated {partition}", $"{anew} Reading begins at its start.");
            return new Start(partition, range.Low.Value, range.High.Value, IsNew: true);
        }

        if (next >= range.Low.Value)
        {
            return new Start(partition, next, range.High.Value, IsNew: false);
        }

        var lost = $"{range.Low.Value - next} messages of {partition.Topic}:{partition.Partition.Value} (offsets {next} to {range.Low.Value - 1}) "
            + "are not there any more: the topic's retention deleted them before they were read.";
        if (start.Reset == "error")
        {
            throw ConnectorException.User(
                $"{lost} auto-offset-reset is error; choose earliest to go on with the first message that is left, and give the topic a longer retention.");
        }

        notices.Say($"retention {partition}", $"{lost} Reading goes on at offset {range.Low.Value}; give the topic a longer retention.");
        return new Start(partition, range.Low.Value, range.High.Value, IsNew: true);
    }

    private Start Begin(TopicPartition partition, Dictionary<TopicPartition, Offset> byTime, bool newest)
    {
        var range = Watermarks(partition);
        var end = range?.High.Value ?? -1;
        if (start.Offsets.TryGetValue((partition.Topic, partition.Partition.Value), out var given))
        {
            return range is null ? new Start(partition, given, end, IsNew: true) : BeginAt(partition, given, range);
        }

        if (byTime.TryGetValue(partition, out var found))
        {
            return new Start(partition, found == Offset.End && range is not null ? end : found.Value, end, IsNew: true);
        }

        return start.Reset switch
        {
            "error" => throw ConnectorException.User(
                $"There is no committed offset for {partition.Topic}:{partition.Partition.Value}, and auto-offset-reset is error. "
                + "Commit an offset for the group, or choose where to start by auto-offset-reset."),
            "latest" when !newest => new Start(partition, range is null ? Offset.End.Value : end, end, IsNew: true),
            _ => new Start(partition, range?.Low.Value ?? Offset.Beginning.Value, end, IsNew: true),
        };
    }

    private Start BeginAt(TopicPartition partition, long given, WatermarkOffsets range)
    {
        var name = $"{partition.Topic}:{partition.Partition.Value}";
        if (given > range.High.Value)
        {
            throw ConnectorException.User(
                $"auto-offset-reset says to start {name} at offset {given}, but its end is {range.High.Value}. Give an offset from {range.Low.Value} to {range.High.Value}.");
        }

        if (given < range.Low.Value)
        {
            notices.Say(
                $"given {partition}",
                $"auto-offset-reset says to start {name} at offset {given}, but the topic's retention has deleted everything before {range.Low.Value}. Reading begins there.");
        }

        return new Start(partition, Math.Max(given, range.Low.Value), range.High.Value, IsNew: true);
    }

    /// <summary>The first offset of a partition and the one after its last; null when its broker does not answer.</summary>
    private WatermarkOffsets? Watermarks(TopicPartition partition)
    {
        try
        {
            return consumer.QueryWatermarkOffsets(partition, _limit);
        }
        catch (KafkaException exception) when (!exception.Error.IsFatal)
        {
            _limit = LimitAfterFailure;
            notices.Say(exception.Error);
            return null;
        }
    }

    /// <summary>Where reading of a partition stands.</summary>
    /// <param name="Next">The next offset.</param>
    /// <param name="IsByHand">Somebody has set it.</param>
    internal readonly record struct Known(long Next, bool IsByHand);

    /// <summary>Where to start in a partition.</summary>
    /// <param name="Partition">The partition.</param>
    /// <param name="From">The first offset to read, or one of the client's special values.</param>
    /// <param name="EndAtStart">The offset after the last message there is now; -1 when unknown.</param>
    /// <param name="IsNew">The start is not stored yet.</param>
    internal readonly record struct Start(TopicPartition Partition, long From, long EndAtStart, bool IsNew)
    {
        public TopicPartitionOffset ToOffset() => new(Partition, new Offset(From));
    }
}
