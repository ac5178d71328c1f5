namespace DataFlow.Connectors;

/// <summary>How far a source is behind, per partition: from what is delivered and committed to what was produced last. Thread-safe.</summary>
internal sealed class KafkaLag(string pipelineId)
{
    private volatile IReadOnlyList<Reading> _readings = [];

    public string PipelineId { get; } = pipelineId;

    /// <summary>The last readings; a list is never changed.</summary>
    public IReadOnlyList<Reading> Readings
    {
        get => _readings;
        set => _readings = value;
    }

    /// <summary>Reads a partition.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="end">The offset after the last message that was produced.</param>
    /// <param name="now">The time.</param>
    /// <returns>Null while nothing is known about the partition.</returns>
    public static Reading? Of(KafkaPartition partition, long end, DateTimeOffset now)
    {
        if (end < 0 || partition.Acknowledged < 0)
        {
            return null;
        }

        var records = Math.Max(0, end - partition.Acknowledged);
        var last = partition.AcknowledgedTimestamp;
        var seconds = records == 0 || last <= 0 ? 0 : Math.Max(0, (now.ToUnixTimeMilliseconds() - last) / 1000.0);
        return new Reading(partition.Topic, partition.Number, records, seconds);
    }

    /// <summary>The lag of one partition.</summary>
    /// <param name="Topic">Its topic.</param>
    /// <param name="Partition">Its number.</param>
    /// <param name="Records">Messages behind.</param>
    /// <param name="Seconds">Age of the last delivered message, 0 when nothing is behind.</param>
    internal readonly record struct Reading(string Topic, int Partition, long Records, double Seconds);
}
