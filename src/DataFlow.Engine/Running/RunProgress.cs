namespace DataFlow.Engine;

/// <summary>The live figures of a run: written by the attempt, read by displays and metrics from other threads.</summary>
internal sealed class RunProgress
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _offsets = [];
    private readonly Dictionary<string, long> _parseOutcomes = [];
    private readonly Dictionary<string, long> _deadLetterReasons = [];
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
            _offsets.Clear();
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
            foreach (var advance in written.Advances)
            {
                _offsets[advance.Split] = advance.Position.Offset;
            }

            foreach (var (outcome, count) in written.Batch.Outcomes)
            {
                _parseOutcomes[outcome] = _parseOutcomes.GetValueOrDefault(outcome) + count;
            }

            foreach (var error in written.Batch.Errors.Concat(refused))
            {
                _deadLetterReasons[error.Reason] = _deadLetterReasons.GetValueOrDefault(error.Reason) + 1;
            }
        }
    }

    public void CommittedAll()
    {
        lock (_gate)
        {
            _committed += _pending;
            _pending = default;
        }
    }

    public (IReadOnlyDictionary<string, long> ParseOutcomes, IReadOnlyDictionary<string, long> DeadLetterReasons) Reasons()
    {
        lock (_gate)
        {
            return (new Dictionary<string, long>(_parseOutcomes), new Dictionary<string, long>(_deadLetterReasons));
        }
    }

    public PipelineProgress Snapshot()
    {
        lock (_gate)
        {
            var healthy = _health != SourceHealth.Unhealthy && _state is not (RunState.Failed or RunState.BackingOff);
            return new PipelineProgress(
                _state, _committed + _pending, _offsets.Values.Sum(), _backlog?.BacklogBytes, _backlog?.TotalBytes, healthy, _reason);
        }
    }
}
