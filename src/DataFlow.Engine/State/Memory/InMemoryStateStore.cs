namespace DataFlow.Engine.State;

/// <summary>Keeps state as long as the process lives: for tests, and for sources that nobody wants to resume.</summary>
public sealed class InMemoryStateStore : IStateStore
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, PipelineState> _pipelines = new(StringComparer.Ordinal);
    private readonly List<(string Pipeline, HistoryEntry Entry)> _history = [];
    private readonly InMemoryDeadLetters _deadLetters;
    private readonly TimeProvider _time;
    private long _historyNumber;

    /// <summary>Makes an empty store.</summary>
    /// <param name="time">The clock.</param>
    public InMemoryStateStore(TimeProvider time)
    {
        _time = time;
        _deadLetters = new InMemoryDeadLetters(_gate, StampOf, time);
    }

    /// <inheritdoc/>
    public IDeadLetterStore DeadLetters => _deadLetters;

    /// <inheritdoc/>
    public ValueTask<PipelineState> OpenRunAsync(string pipeline, string owner, CancellationToken ct)
    {
        lock (_gate)
        {
            var state = StateOf(pipeline);
            var opened = Put(state with
            {
                Checkpoint = state.Checkpoint with { Epoch = state.Checkpoint.Epoch + 1 },
                Owner = owner,
            });
            AddHistory(pipeline, HistoryEvent.RunStarted, owner, detail: null);
            return ValueTask.FromResult(opened);
        }
    }

    /// <inheritdoc/>
    public ValueTask<CommitOutcome> CommitAsync(string pipeline, StateCommit commit, CancellationToken ct)
    {
        lock (_gate)
        {
            var stamp = CommitStamp.Of(commit.Checkpoint);
            var outcome = CommitRules.Judge(pipeline, stamp, CommitRules.Compare(StampOf(pipeline) ?? default, stamp));
            if (outcome == CommitOutcome.Committed)
            {
                var state = StateOf(pipeline);
                Put(state with
                {
                    Checkpoint = commit.Checkpoint with { Splits = CommitRules.Merge(state.Checkpoint.Splits, commit.Checkpoint), Gone = [] },
                    SourceFingerprint = commit.SourceFingerprint ?? state.SourceFingerprint,
                });
                _deadLetters.MarkReplayed(pipeline, commit.Replayed);
            }

            return ValueTask.FromResult(outcome);
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> AdoptAsync(string pipeline, long epoch, Checkpoint authority, CancellationToken ct)
    {
        lock (_gate)
        {
            if (StampOf(pipeline) is not { } stored
                || stored.Epoch != epoch
                || !CommitRules.Overrules(CommitStamp.Of(authority), stored))
            {
                return ValueTask.FromResult(false);
            }

            Put(StateOf(pipeline) with { Checkpoint = authority with { Epoch = epoch } });
            return ValueTask.FromResult(true);
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> RaiseEpochAsync(string pipeline, long epoch, long raised, CancellationToken ct)
    {
        lock (_gate)
        {
            if (StampOf(pipeline)?.Epoch != epoch)
            {
                return ValueTask.FromResult(false);
            }

            var state = StateOf(pipeline);
            Put(state with { Checkpoint = state.Checkpoint with { Epoch = raised } });
            return ValueTask.FromResult(true);
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> ResetAsync(string pipeline, string owner, bool clearDeadLetters, CancellationToken ct)
    {
        lock (_gate)
        {
            if (StampOf(pipeline) is not { } stored)
            {
                return ValueTask.FromResult(false);
            }

            _deadLetters.DeleteAbove(pipeline, clearDeadLetters ? default : stored);
            Put(StateOf(pipeline) with
            {
                Checkpoint = Checkpoint.None with { Generation = stored.Generation + 1, Epoch = stored.Epoch, SinkState = StateOf(pipeline).Checkpoint.SinkState },
                SourceFingerprint = null,
            });
            AddHistory(pipeline, HistoryEvent.Reset, owner, CommitRules.DescribeReset(clearDeadLetters));
            return ValueTask.FromResult(true);
        }
    }

    /// <inheritdoc/>
    public ValueTask SeekAsync(string pipeline, string split, SplitPosition position, string owner, CancellationToken ct)
    {
        lock (_gate)
        {
            var state = StateOf(pipeline);
            _deadLetters.DeleteAbove(pipeline, CommitStamp.Of(state.Checkpoint));
            Put(state with
            {
                Checkpoint = state.Checkpoint with
                {
                    Generation = state.Checkpoint.Generation + 1,
                    Sequence = 0,
                    Splits = new Dictionary<string, SplitPosition>(state.Checkpoint.Splits) { [split] = position },
                },
            });
            AddHistory(pipeline, HistoryEvent.Seek, owner, CommitRules.DescribeSeek(split, position));
            return ValueTask.CompletedTask;
        }
    }

    /// <inheritdoc/>
    public ValueTask<PipelineState?> ReadAsync(string pipeline, CancellationToken ct)
    {
        lock (_gate)
        {
            return ValueTask.FromResult(_pipelines.GetValueOrDefault(pipeline));
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<PipelineState>> ListAsync(CancellationToken ct)
    {
        lock (_gate)
        {
            return ValueTask.FromResult<IReadOnlyList<PipelineState>>(
            [
                .. _pipelines.Values.Select(
                    state => state with { Checkpoint = state.Checkpoint with { Splits = Checkpoint.None.Splits } }),
            ]);
        }
    }

    /// <inheritdoc/>
    public ValueTask AddHistoryAsync(string pipeline, HistoryEvent happened, string owner, string? detail, CancellationToken ct)
    {
        lock (_gate)
        {
            AddHistory(pipeline, happened, owner, detail);
            return ValueTask.CompletedTask;
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<HistoryEntry>> HistoryAsync(string pipeline, int limit, CancellationToken ct)
    {
        lock (_gate)
        {
            return ValueTask.FromResult<IReadOnlyList<HistoryEntry>>(
                [.. _history.Where(row => row.Pipeline == pipeline).Reverse().Take(limit).Select(row => row.Entry)]);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private CommitStamp? StampOf(string pipeline) =>
        _pipelines.TryGetValue(pipeline, out var state) ? CommitStamp.Of(state.Checkpoint) : null;

    private PipelineState StateOf(string pipeline) =>
        _pipelines.GetValueOrDefault(pipeline) ?? new PipelineState(pipeline, Checkpoint.None, null, null, default);

    private PipelineState Put(PipelineState state) => _pipelines[state.Pipeline] = state with { Updated = _time.GetUtcNow() };

    private void AddHistory(string pipeline, HistoryEvent happened, string owner, string? detail)
    {
        var stamp = StampOf(pipeline) ?? default;
        _history.Add((pipeline, new HistoryEntry(_time.GetUtcNow(), happened, owner, detail, stamp.Generation, stamp.Epoch) { Number = ++_historyNumber }));
        if (_history.Count(IsOfItsKind) > CommitRules.LimitOf(happened))
        {
            _history.RemoveAt(_history.FindIndex(row => IsOfItsKind(row)));
        }

        bool IsOfItsKind((string Pipeline, HistoryEntry Entry) row) =>
            row.Pipeline == pipeline && (row.Entry.Event == HistoryEvent.Gap) == (happened == HistoryEvent.Gap);
    }
}
