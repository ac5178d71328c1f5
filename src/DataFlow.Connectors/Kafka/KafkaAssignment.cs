using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>
/// Keeps account of the partitions that are ours: what happens when they come, are taken back or are lost, and which of their
/// offsets may be committed. The client calls it while the pump fetches; a failure is kept for the pump, because the client
/// would swallow it and never finish the rebalance.
/// </summary>
internal sealed partial class KafkaAssignment(
    SourceContext context, ILogger log, KafkaIntake intake, KafkaBatchQueue queue, TimeSpan drainLimit, CancellationToken disposing)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, KafkaPartition> _owned = [];
    private readonly KeyValuePair<string, object?> _tag = new("pipeline_id", context.PipelineId);
    private long _assignments;
    private Exception? _failure;

    /// <summary>Names the cluster, for the records' identity.</summary>
    public string Cluster { get; set; } = "";

    /// <summary>True once the group, or we ourselves, have assigned something, if only nothing.</summary>
    public bool IsKnown { get; private set; }

    /// <summary>Counts assignments: who paused partitions sees that there are new ones.</summary>
    public long Version => Volatile.Read(ref _assignments);

    /// <summary>The first failure in a callback; null when there was none.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>Keeps a failure for the pump.</summary>
    public void Fail(Exception exception) => Interlocked.CompareExchange(ref _failure, exception, null);

    /// <summary>The group gave us partitions.</summary>
    /// <returns>Where to start in each. Also after a failure: the client has to go through with the assignment.</returns>
    public IEnumerable<TopicPartitionOffset> Assigned(IReadOnlyList<TopicPartition> partitions, Func<IReadOnlyList<KafkaStarts.Start>> resolve)
    {
        try
        {
            KafkaMeter.Rebalances.Add(1, _tag);
            var starts = resolve();
            Take(starts);
            LogAssigned(log, context.SourceId, partitions.Count, string.Join(", ", starts.Select(start => start.ToOffset())));
            return [.. starts.Select(start => start.ToOffset())];
        }
        catch (Exception exception)
        {
            Fail(exception);
            return partitions.Select(partition => new TopicPartitionOffset(partition, Offset.Unset));
        }
    }

    /// <summary>Partitions are ours from now on.</summary>
    public void Take(IReadOnlyList<KafkaStarts.Start> starts)
    {
        var assignment = Interlocked.Increment(ref _assignments);
        foreach (var start in starts)
        {
            var split = KafkaTopics.SplitOf(start.Partition.Topic, start.Partition.Partition.Value);
            var partition = new KafkaPartition(
                start.Partition.Topic, start.Partition.Partition.Value, new RecordIdentity($"kafka\n{Cluster}", split), assignment)
            {
                Next = start.From >= 0 ? start.From : -1,
                EndAtStart = start.EndAtStart,
                IsCaughtUp = start.EndAtStart >= 0 && start.From >= start.EndAtStart,
                Acknowledged = start.From >= 0 ? start.From : -1,
            };
            _ = context.PositionOf(split);
            lock (_gate)
            {
                _owned[split] = partition;
            }

            intake.Add(partition);
            if (start is { IsNew: true, From: >= 0 })
            {
                intake.NoteStart(partition);
            }
        }

        IsKnown = true;
    }

    /// <summary>The group takes partitions back: what the engine has taken of them is delivered and committed first.</summary>
    /// <returns>
    /// Where the group stands in them now: to be stored before the partitions are let go, because a thread that has just
    /// acknowledged the same may come too late with it, and because a start of which nothing was delivered yet is a place to go on too.
    /// </returns>
    public IReadOnlyList<TopicPartitionOffset> Revoked(IReadOnlyCollection<TopicPartition> partitions)
    {
        try
        {
            KafkaMeter.Rebalances.Add(1, _tag);
            var leaving = Leave(partitions, out var taken);
            if (!disposing.IsCancellationRequested)
            {
                Drain(leaving, taken);
            }

            Forget(leaving);
            LogRevoked(log, context.SourceId, leaving.Count);
            return [.. leaving
                .Where(partition => partition.Acknowledged >= 0)
                .Select(partition => new TopicPartitionOffset(partition.Topic, partition.Number, partition.Acknowledged))];
        }
        catch (OperationCanceledException) when (disposing.IsCancellationRequested)
        {
            // What was committed until now is all that will be.
        }
        catch (Exception exception)
        {
            Fail(exception);
        }

        return [];
    }

    /// <summary>Partitions are somebody else's already: nothing of theirs may be committed any more.</summary>
    public void Lost(IReadOnlyCollection<TopicPartition> partitions)
    {
        try
        {
            KafkaMeter.Rebalances.Add(1, _tag);
            var leaving = Leave(partitions, out _);
            Forget(leaving);
            context.Lost([.. leaving.Select(partition => partition.Split)]);
            LogLost(log, context.SourceId, leaving.Count);
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    /// <summary>The offsets of durable positions that may be committed: those of partitions that are still ours.</summary>
    public IReadOnlyList<TopicPartitionOffset> Acknowledge(IReadOnlyList<Advance> advances)
    {
        var offsets = new List<TopicPartitionOffset>(advances.Count);
        lock (_gate)
        {
            foreach (var advance in advances)
            {
                if (advance.Position is KafkaPosition position
                    && _owned.TryGetValue(advance.Split, out var partition)
                    && partition.Assignment == position.Assignment)
                {
                    partition.Acknowledged = position.Next;
                    partition.AcknowledgedTimestamp = position.Timestamp;
                    offsets.Add(new TopicPartitionOffset(partition.Topic, partition.Number, position.Next));
                }
            }
        }

        return offsets;
    }

    private List<KafkaPartition> Leave(IReadOnlyCollection<TopicPartition> partitions, out IReadOnlyDictionary<string, long> taken)
    {
        List<KafkaPartition> leaving;
        lock (_gate)
        {
            leaving = [.. partitions
                .Select(partition => _owned.GetValueOrDefault(KafkaTopics.SplitOf(partition.Topic, partition.Partition.Value)))
                .OfType<KafkaPartition>()];
        }

        intake.Remove(leaving);
        taken = queue.Drop([.. leaving.Select(partition => partition.Split)]);
        return leaving;
    }

    private void Drain(List<KafkaPartition> leaving, IReadOnlyDictionary<string, long> taken)
    {
        string[] open = Open();
        var deadline = context.Time.GetUtcNow() + drainLimit;
        while (open.Length > 0)
        {
            // Once the attempt is over the engine answers at once, and nothing is committed any more.
            disposing.ThrowIfCancellationRequested();
            if (context.Time.GetUtcNow() >= deadline)
            {
                context.Lost(open);
                LogNotDrained(log, context.SourceId, open.Length, drainLimit.TotalSeconds);
                return;
            }

            // A batch on its way from the queue to the engine is not yet among those that are waited for: then it is asked again.
            context.DrainAsync(open, deadline, disposing).AsTask().GetAwaiter().GetResult();
            open = Open();
        }

        string[] Open() =>
            [.. leaving.Where(partition => taken.TryGetValue(partition.Split, out var end) && partition.Acknowledged < end).Select(partition => partition.Split)];
    }

    private void Forget(List<KafkaPartition> leaving)
    {
        lock (_gate)
        {
            foreach (var partition in leaving)
            {
                _owned.Remove(partition.Split);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{SourceId}: {Count} partitions are ours now: {Starts}")]
    private static partial void LogAssigned(ILogger logger, string sourceId, int count, string starts);

    [LoggerMessage(Level = LogLevel.Information, Message = "{SourceId}: {Count} partitions are given back; what was read of them is committed.")]
    private static partial void LogRevoked(ILogger logger, string sourceId, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{SourceId}: {Count} partitions were lost to other members of the group, because the brokers did not hear of us in time. What was not committed is read again by them.")]
    private static partial void LogLost(ILogger logger, string sourceId, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{SourceId}: the records of {Count} partitions that were taken back could not be delivered within {Limit} s; they are read again by their new owner. Raise session-timeout or speed up the sink.")]
    private static partial void LogNotDrained(ILogger logger, string sourceId, int count, double limit);
}
