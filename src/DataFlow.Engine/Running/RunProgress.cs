namespace DataFlow.Engine;

/// <summary>The live figures of a run: written by the attempt, read by displays and metrics from other threads.</summary>
/// <param name="offsetsAddUp">See <see cref="SourceCapabilities.OffsetsAddUp"/>.</param>
internal sealed class RunProgress(bool offsetsAddUp)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _offsets = [];
    private readonly ReasonCounts _parseOutcomes = new();
    private readonly ReasonCounts _deadLetterReasons = new();
    private long? _latestOffset;
    private RecordCounters _committed;
    private RecordCounters _pending;
    private IBacklogSource? _backlog;
    private RunState _state = RunState.Starting;
    private SourceHealth _health = SourceHealth.Healthy;
    private string? _reason;

    public RecordCounters Committed
    {
        get { lock (_gate) { return _committed; } }
    }

    public void Enter(RunState state, string? reason = null)
    {
        lock (_gate)
        {
            _state = state;
            _reason = reason;
            if (state is RunState.Running)
            {
                _health = SourceHealth.Healthy;
            }
        }
    }

    public void Report(SourceHealth health, string? reason)
    {
        lock (_gate)
        {
            _health = health;
            _reason = reason;
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
            if (_health == SourceHealth.Unhealthy)
            {
                _health = SourceHealth.Healthy;
                _reason = null;
            }

            foreach (var advance in written.Advances)
            {
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
            var healthy = _health != SourceHealth.Unhealthy && _state is not (RunState.Failed or RunState.BackingOff);
            return new PipelineProgress(
                _state, _committed + _pending, Offset, _backlog?.BacklogBytes, _backlog?.TotalBytes, healthy, _reason);
        }
    }

    private long Offset => offsetsAddUp ? _offsets.Values.Sum() : _latestOffset ?? _offsets.Values.DefaultIfEmpty().Max();
}
