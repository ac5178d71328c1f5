using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>
/// Fetches on a thread of its own, so that the client is served however slow the sink is: a full queue stops the fetching at once,
/// a queue that stays full pauses the partitions. Owns the client from its creation to its end.
/// </summary>
internal sealed partial class KafkaPump : IDisposable
{
    /// <summary>Longest time without serving the client's callbacks while the queue is full.</summary>
    private static readonly TimeSpan MostStall = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestFetch = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BetweenTicks = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan UntilUnassignedIsSaid = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenDiscoveries = TimeSpan.FromSeconds(60);

    private readonly SourceContext _context;
    private readonly KafkaSourceOptions _options;
    private readonly string _connection;
    private readonly string _group;
    private readonly bool _assignsItself;
    private readonly SourceShare _share;
    private readonly KafkaBatchQueue _queue = new();
    private readonly KafkaIntake _intake;
    private readonly KafkaAssignment _assignment;
    private readonly KafkaLog _log;
    private readonly KafkaNotices _notices;
    private readonly KafkaStart _start;
    private readonly KafkaLag _lag;
    private readonly CancellationTokenSource _disposing = new();
    private readonly IConsumer<KafkaBytes, KafkaBytes> _consumer;
    private readonly KafkaStarts _starts;
    private readonly KafkaTopicList _topics;
    private HashSet<TopicPartition> _atStart = [];
    private bool _hasReadBefore;
    private CancellationToken _stop;
    private long _lastTick;
    private long _lastDiscovery;
    private long _unassignedSince;
    private bool _isPaused;
    private long _pausedAt;
    private bool _isUnhealthy;
    private volatile bool _wasConnected;
    private bool _unassignedIsSaid;

    public KafkaPump(KafkaSourceSetup setup, SourceContext context)
    {
        _context = context;
        _options = setup.Options;
        _connection = setup.Connection;
        _group = setup.Group;
        _assignsItself = setup.AssignsItself;
        _share = setup.Share;
        _log = new KafkaLog(context.Logger);
        _notices = new KafkaNotices(_log, context.Time);
        _lag = new KafkaLag(context.PipelineId);
        KafkaStart.TryParse(_options.AutoOffsetReset, out _start);
        _intake = new KafkaIntake(context, _options, _queue) { OnFailure = Failed, Wait = setup.WaitOf(context) };
        _assignment = new KafkaAssignment(context, _log, _intake, _queue, _options.SessionTimeout / 2, _disposing.Token);
        _consumer = new ConsumerBuilder<KafkaBytes, KafkaBytes>(setup.Properties(context.SourceId))
            .SetKeyDeserializer(KafkaBytes.Deserializer())
            .SetValueDeserializer(KafkaBytes.Deserializer())
            .SetPartitionsAssignedHandler((_, partitions) => _assignment.Assigned(partitions, () => Resolve(partitions)))
            .SetPartitionsRevokedHandler((_, offsets) => Store(_assignment.Revoked([.. offsets.Select(offset => offset.TopicPartition)])))
            .SetPartitionsLostHandler((_, offsets) => _assignment.Lost([.. offsets.Select(offset => offset.TopicPartition)]))
            .SetOffsetsCommittedHandler((_, committed) => Committed(committed))
            .SetErrorHandler((_, error) => Failed(error))
            .SetLogHandler((_, line) => _notices.Say(line))
            .Build();
        _starts = new KafkaStarts(_consumer, _start, _notices);
        _topics = new KafkaTopicList(_consumer, _options.Topic, _connection);
        UsesMessagePath = setup.UsesMessagePath;
    }

    /// <summary>True to fetch message by message, to compare with.</summary>
    private bool UsesMessagePath { get; }

    /// <summary>What was read.</summary>
    public KafkaBatchQueue Queue => _queue;

    /// <summary>Fetches until it is disposed. After the stop it takes nothing more and only serves the client.</summary>
    public void Run(CancellationToken stop)
    {
        _stop = stop;
        KafkaMeter.Start(_lag);
        try
        {
            Connect();
            using IKafkaFetcher fetcher = UsesMessagePath ? new KafkaMessageFetcher(_consumer) : new KafkaBatchFetcher(_consumer);
            Begin();
            while (!stop.IsCancellationRequested && !HasCaughtUp)
            {
                Step(fetcher);
                Throw();
            }

            EndIntake();
            while (!_disposing.IsCancellationRequested)
            {
                fetcher.Fetch(LongestFetch, _options.MaxPollRecords, _intake);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            _queue.Complete();
        }
        catch (Exception exception)
        {
            _queue.Complete(exception is KafkaException kafka ? Translate(kafka.Error, exception) : exception);
        }
        finally
        {
            KafkaMeter.End(_lag);
            _intake.Close();
        }
    }

    /// <summary>Takes nothing more: the reader gets what is ready, then the end. From any thread.</summary>
    public void Complete() => _queue.Complete();

    /// <summary>Lets the offsets of durable positions be committed. From any thread.</summary>
    public void Acknowledge(IReadOnlyList<Advance> advances) => Store(_assignment.Acknowledge(advances));

    /// <summary>Ends the fetching; to be followed by the end of <see cref="Run"/>, and then by <see cref="Dispose"/>.</summary>
    public void End() => _disposing.Cancel();

    /// <summary>Leaves the group, after a last commit, and frees everything. Not before <see cref="Run"/> has ended.</summary>
    public void Dispose()
    {
        _queue.Clear();
        try
        {
            _consumer.Close();
        }
        catch (KafkaException exception)
        {
            _notices.Say(exception.Error);
        }

        _consumer.Dispose();
        _disposing.Dispose();
        _log.Dispose();
    }

    /// <summary>Waits for the first answer of a broker, and looks whether the topics are there.</summary>
    private void Connect()
    {
        var started = _context.Time.GetTimestamp();
        while (!_topics.TryRefresh())
        {
            _consumer.Consume(TimeSpan.Zero);
            Throw();
            _stop.ThrowIfCancellationRequested();
            if (_context.Time.GetElapsedTime(started) >= _options.ConnectTimeout)
            {
                throw KafkaFaults.Timeout(_connection, _options.ConnectTimeout, _notices.LastError);
            }
        }

        _wasConnected = true;
        _topics.ThrowIfAbsent();
        ThrowIfNumberIsAmbiguous();
        _atStart = [.. _topics.Partitions];
        _hasReadBefore = _context.KnownSplits.Any(split => _context.PositionOf(split) is { } stored && !KafkaPosition.Parse(stored).IsByHand);
        _assignment.Cluster = LibRdKafka.ClusterId(LibRdKafka.HandleOf(_consumer), (int)LongestFetch.TotalMilliseconds) ?? _connection;
    }

    private void ThrowIfNumberIsAmbiguous()
    {
        var number = _context.KnownSplits
            .Select(split => _context.PositionOf(split) is { } stored ? KafkaPosition.Parse(stored) : default)
            .FirstOrDefault(position => position.IsBareNumber);
        if (number.IsBareNumber && _topics.Partitions.Count() is > 1 and var partitions)
        {
            throw ConnectorException.User(
                $"The topic {string.Join(", ", _options.Topic)} has {partitions} partitions, and offset {number.Next - 1} does not say of which. "
                + "Name the partition with 'dataflow state set', or give auto-offset-reset a list of topic:partition:offset for a new group.");
        }
    }

    private void Begin()
    {
        _lastTick = _lastDiscovery = _unassignedSince = _context.Time.GetTimestamp();
        if (_assignsItself)
        {
            AssignNew();
        }
        else
        {
            _consumer.Subscribe(_options.Topic);
        }
    }

    private void Step(IKafkaFetcher fetcher)
    {
        if (!_queue.HasRoom && !_isPaused)
        {
            if (!_queue.WaitForRoom(MostStall))
            {
                Pause();
            }

            return;
        }

        if (_isPaused && (_queue.IsEmpty || _pausedAt != _assignment.Version))
        {
            Resume();
        }

        var fetched = fetcher.Fetch(_intake.TimeToFlush(LongestFetch), _options.MaxPollRecords, _intake);
        _intake.Flush();
        if (fetched == 0 && _queue.IsEmpty && !_isUnhealthy)
        {
            _context.CaughtUp();
        }

        if (_context.Time.GetElapsedTime(_lastTick) >= BetweenTicks)
        {
            _lastTick = _context.Time.GetTimestamp();
            Tick();
        }
    }

    private void Pause()
    {
        _consumer.Pause(_consumer.Assignment);
        _pausedAt = _assignment.Version;
        _isPaused = true;
        LogPaused(_log, _context.SourceId);
    }

    private void Resume()
    {
        _consumer.Resume(_consumer.Assignment);
        _isPaused = false;
    }

    private bool HasCaughtUp =>
        _context.Until == Until.CaughtUp && _assignment.IsKnown
        && (_intake.Partitions.Count > 0 || _unassignedIsSaid || _assignsItself)
        && _intake.Partitions.All(partition => partition.IsCaughtUp);

    private void EndIntake()
    {
        if (!_stop.IsCancellationRequested)
        {
            _intake.Flush(all: true);
        }

        _queue.Complete();
        _intake.Close();
        _consumer.Pause(_consumer.Assignment);
    }

    /// <summary>
    /// The group's offset says where to go on, except where the checkpoint is ahead of it: a crash may come between the two, and
    /// what the checkpoint has is delivered. A position without the source's own part was set by hand and rules.
    /// </summary>
    private IReadOnlyList<KafkaStarts.Start> Resolve(IReadOnlyCollection<TopicPartition> partitions)
    {
        if (partitions.Count == 0)
        {
            return [];
        }

        var known = _starts.Committed(partitions).ToDictionary();
        foreach (var partition in partitions)
        {
            if (_context.PositionOf(KafkaTopics.SplitOf(partition.Topic, partition.Partition.Value)) is not { } stored)
            {
                continue;
            }

            var (next, isByHand, _) = KafkaPosition.Parse(stored);
            var isCommitted = known.TryGetValue(partition, out var committed);
            if (isByHand || !isCommitted || next > committed.Next)
            {
                if (!isByHand && isCommitted)
                {
                    _notices.Say(
                        $"ahead {partition}",
                        $"the group '{_group}' stands at offset {committed.Next} of {partition.Topic}:{partition.Partition.Value}, but this pipeline has delivered "
                            + $"everything before {next} already and goes on there. To read again, start over with --fresh.");
                }

                known[partition] = new KafkaStarts.Known(next, isByHand);
            }
        }

        var read = known.Count < partitions.Count ? TopicsOfGroup() : [];
        return _starts.Resolve(
            partitions, known, partition => IsNewest(partition) || read.Contains(partition.Topic) || (_options.IsPattern && read.Count > 0));
    }

    /// <summary>The topics in which the group has committed something, also when this pipeline has no checkpoint: members before us did.</summary>
    private HashSet<string> TopicsOfGroup() => [.. _starts.Committed(_atStart).Keys.Select(partition => partition.Topic)];

    /// <summary>
    /// True for a partition that is younger than our reading of the topics: it came while we were reading, or while nobody was, since
    /// every partition that is read gets a position at once.
    /// </summary>
    private bool IsNewest(TopicPartition partition) => _hasReadBefore || !_atStart.Contains(partition);

    /// <summary>Takes the partitions of our share that are not ours yet, each from where the checkpoint says.</summary>
    private void AssignNew()
    {
        var owned = _intake.Partitions.Select(partition => new TopicPartition(partition.Topic, partition.Number)).ToHashSet();
        var partitions = _topics.Partitions
            .Where(partition => _share.Holds(partition.Partition.Value) && !owned.Contains(partition))
            .ToList();
        if (partitions.Count == 0)
        {
            // An instance whose share is empty knows that now, and has caught up.
            if (!_assignment.IsKnown)
            {
                _assignment.Take([]);
            }

            return;
        }

        var known = partitions
            .Select(partition => (partition, stored: _context.PositionOf(KafkaTopics.SplitOf(partition.Topic, partition.Partition.Value))))
            .Where(pair => pair.stored is not null)
            .ToDictionary(pair => pair.partition, pair =>
            {
                var (next, isByHand, _) = KafkaPosition.Parse(pair.stored!.Value);
                return new KafkaStarts.Known(next, isByHand);
            });
        var starts = _starts.Resolve(partitions, known, IsNewest);
        _consumer.IncrementalAssign(starts.Select(start => start.ToOffset()));
        _assignment.Take(starts);
    }

    private void Store(IReadOnlyList<TopicPartitionOffset> offsets)
    {
        if (_options.EnableAutoCommit)
        {
            return;
        }

        foreach (var offset in offsets)
        {
            try
            {
                _consumer.StoreOffset(offset);
            }
            catch (KafkaException exception) when (!exception.Error.IsFatal)
            {
                // The partition has just been taken from us: what could be stored of it was, when it was given back.
                _notices.Say($"store {exception.Error.Code}", $"The offset {offset} was not committed: {KafkaFaults.Reason(exception.Error)}");
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{SourceId}: the sink is slow, so the partitions are paused until it has caught up.")]
    private static partial void LogPaused(ILogger logger, string sourceId);

    private void Throw()
    {
        if (_assignment.Failure is { } failure)
        {
            throw failure;
        }
    }
}
