namespace DataFlow.Engine;

/// <summary>The live figures of a run: written by the attempt, read by displays and metrics from other threads.</summary>
/// <param name="offsetsAddUp">See <see cref="SourceCapabilities.OffsetsAddUp"/>.</param>
/// <param name="time">The clock.</param>
internal sealed class RunProgress(bool offsetsAddUp, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _offsets = [];
    private readonly ReasonCounts _parseOutcomes = new();
    private readonly ReasonCounts _deadLetterReasons = new();
    private long? _latestOffset;
    private RecordCounters _before;
    private RecordCounters _committed;
    private RecordCounters _pending;
    private IBacklogSource? _backlog;
    private RunState _state = RunState.Starting;
    private SourceHealth _health = SourceHealth.Healthy;
    private string? _reason;
    private bool _isRecovering;
    private bool _isCaughtUp;
    private int _batchesHeld;
    private long _bytesHeld;
    private long? _waitingSince;

    /// <summary>Counters of the runs before this one.</summary>
    public RecordCounters Before
    {
        get { lock (_gate) { return _before; } }
    }

    public RecordCounters Committed
    {
        get { lock (_gate) { return _committed; } }
    }

    public void Enter(RunState state, string? reason = null)
    {
        lock (_gate)
        {
            _state = state;
            _isRecovering = state is RunState.BackingOff || (state is RunState.Running && _isRecovering);
            if (!_isRecovering || reason is not null)
            {
                _reason = reason;
            }

            if (_isRecovering)
            {
                _waitingSince ??= time.GetTimestamp();
            }

            if (state is RunState.Running)
            {
                _health = SourceHealth.Healthy;
            }
        }
    }

    /// <summary>Counters of earlier runs that were not known at the start.</summary>
    public void AddBefore(RecordCounters counters)
    {
        lock (_gate)
        {
            _before += counters;
        }
    }

    /// <summary>Bytes of the batches between source and sink.</summary>
    public long BytesHeld
    {
        get { lock (_gate) { return _bytesHeld; } }
    }

    /// <summary>How many batches are between source and sink right now.</summary>
    public void Holds(int batches, long bytes)
    {
        lock (_gate)
        {
            _batchesHeld = batches;
            _bytesHeld = bytes;
            if (batches > 0)
            {
                _isCaughtUp = false;
                _waitingSince ??= time.GetTimestamp();
            }
        }
    }

    /// <summary>The source has found nothing to read: whatever was wrong is over.</summary>
    public void CaughtUp()
    {
        lock (_gate)
        {
            _isCaughtUp = true;
            Recover(SourceHealth.Healthy);
        }
    }

    public void Report(SourceHealth health, string? reason)
    {
        lock (_gate)
        {
            if (health == SourceHealth.Healthy)
            {
                Recover(health);
            }
            else
            {
                _health = health;
                _reason = reason;
                if (health == SourceHealth.Unhealthy)
                {
                    _waitingSince ??= time.GetTimestamp();
                }
            }
        }
    }

    public void Attach(IBacklogSource? source)
    {
        lock (_gate)
        {
            _backlog = source;
        }
    }

    /// <summary>An attempt starts: what the last one had pending is void, offsets are those of the checkpoint.</summary>
    public void StartAttempt(IReadOnlyDictionary<string, SplitPosition> splits)
    {
        lock (_gate)
        {
            _pending = default;
            _parseOutcomes.Void();
            _deadLetterReasons.Void();
            _offsets.Clear();
            _latestOffset = null;
            foreach (var (split, position) in splits)
            {
                _offsets[split] = position.Offset;
            }
        }
    }

    public void Written(InFlightBatch written, RecordCounters pending, IReadOnlyList<RecordError> refused)
    {
        lock (_gate)
        {
            _pending = pending;
            if (_health != SourceHealth.Unhealthy)
            {
                // One that has said it is disconnected may still hand on what it had read before.
                Recover(SourceHealth.Healthy);
            }

            foreach (var advance in written.Advances)
            {
                if (advance.Position == Position.Gone)
                {
                    _offsets.Remove(advance.Split);
                    continue;
                }

                _offsets[advance.Split] = advance.Position.Offset;
                _latestOffset = advance.Position.Offset;
            }

            foreach (var (outcome, count) in written.Batch.Outcomes)
            {
                _parseOutcomes.Add(outcome, count);
            }

            foreach (var error in written.Batch.Errors.Concat(refused))
            {
                _deadLetterReasons.Add(error.Reason, 1);
            }
        }
    }

    public void CommittedAll()
    {
        lock (_gate)
        {
            if (_pending != default && _waitingSince is not null)
            {
                _waitingSince = time.GetTimestamp();
            }

            _committed += _pending;
            _pending = default;
            _parseOutcomes.Commit();
            _deadLetterReasons.Commit();
        }
    }

    /// <summary>A commit stands whose reply was lost.</summary>
    public void CommittedUnseen(RecordCounters brought)
    {
        lock (_gate)
        {
            _committed += brought;
            _pending = default;
            _parseOutcomes.Commit();
            _deadLetterReasons.Commit();
        }
    }

    public (IReadOnlyDictionary<string, long> ParseOutcomes, IReadOnlyDictionary<string, long> DeadLetterReasons) Reasons()
    {
        lock (_gate)
        {
            return (_parseOutcomes.Committed, _deadLetterReasons.Committed);
        }
    }

    public PipelineProgress Snapshot()
    {
        lock (_gate)
        {
            var healthy = _health != SourceHealth.Unhealthy && !_isRecovering && _state is not RunState.Failed;
            return new PipelineProgress(
                _state, _committed + _pending, Offset, _backlog?.BacklogBytes, _backlog?.TotalBytes, healthy, _reason)
            {
                BacklogRecords = _backlog?.BacklogRecords,
                Freshness = Freshness(healthy),
            };
        }
    }

    /// <summary>Counts from the moment in which something was there to read, or the last commit after it.</summary>
    private TimeSpan Freshness(bool isHealthy)
    {
        // Bytes that stay are the beginning of a line whose end is not written yet.
        var isBehind = !isHealthy || _batchesHeld > 0 || _pending != default
            || _backlog?.BacklogRecords > 0 || (!_isCaughtUp && _backlog?.BacklogBytes > 0);
        _waitingSince = isBehind ? _waitingSince ?? time.GetTimestamp() : null;
        return _waitingSince is { } since ? time.GetElapsedTime(since) : TimeSpan.Zero;
    }

    private void Recover(SourceHealth health)
    {
        _health = health;
        if (_state is RunState.Running)
        {
            _isRecovering = false;
            _reason = null;
        }
    }

    private long Offset => offsetsAddUp ? _offsets.Values.Sum() : _latestOffset ?? _offsets.Values.DefaultIfEmpty().Max();
}
