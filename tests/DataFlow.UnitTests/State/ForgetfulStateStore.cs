using DataFlow.Engine.State;

namespace DataFlow.UnitTests.State;

/// <summary>
/// A state store whose process can die and whose calls can fail, for tests of what uses it. What it keeps is shared with
/// those who live on: after <see cref="Crash"/> only what was durable is left.
/// </summary>
internal sealed class ForgetfulStateStore : IStateStore
{
    private readonly InMemoryStateStore _durable;
    private readonly Queue<CommitFault> _faults = [];
    private TaskCompletionSource? _hold;
    private int _failingReads;
    private bool _isDead;

    public ForgetfulStateStore(TimeProvider time)
        : this(new InMemoryStateStore(time))
    {
    }

    private ForgetfulStateStore(InMemoryStateStore durable)
    {
        _durable = durable;
        DeadLetters = new MortalDeadLetters(this);
    }

    public IDeadLetterStore DeadLetters { get; }

    /// <summary>Commits that were stored.</summary>
    public int Commits { get; private set; }

    /// <summary>What happens to the commits to come, one fault each.</summary>
    public void FailNext(params ReadOnlySpan<CommitFault> faults)
    {
        foreach (var fault in faults)
        {
            _faults.Enqueue(fault);
        }
    }

    /// <summary>The next reads of a state fail.</summary>
    public void FailReads(int times) => _failingReads = times;

    /// <summary>Commits hang from now on, before anything is stored, until the returned action is called.</summary>
    public Action HoldCommits()
    {
        var hold = _hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return () =>
        {
            _hold = null;
            hold.TrySetResult();
        };
    }

    /// <summary>The process dies: nothing that hangs is ever stored, and no call works any more.</summary>
    /// <returns>The store as the next process finds it.</returns>
    public ForgetfulStateStore Crash()
    {
        _isDead = true;
        _hold?.TrySetResult();
        return new ForgetfulStateStore(_durable);
    }

    public ValueTask<PipelineState> OpenRunAsync(string pipeline, string owner, CancellationToken ct) =>
        Living.OpenRunAsync(pipeline, owner, ct);

    public async ValueTask<CommitOutcome> CommitAsync(string pipeline, StateCommit commit, CancellationToken ct)
    {
        if (_hold is { } hold)
        {
            await hold.Task.WaitAsync(ct);
        }

        var fault = _faults.TryDequeue(out var next) ? next : CommitFault.None;
        switch (fault)
        {
            case CommitFault.Lost:
                throw ConnectorException.External("The state store could not be reached.");
            case CommitFault.Fenced:
                await Living.OpenRunAsync(pipeline, "somebody else", ct);
                break;
        }

        var outcome = await Living.CommitAsync(pipeline, commit, ct);
        Commits += outcome == CommitOutcome.Committed ? 1 : 0;
        return fault == CommitFault.ReplyLost ? throw ConnectorException.External("The state store did not answer.") : outcome;
    }

    public ValueTask<bool> AdoptAsync(string pipeline, long epoch, Checkpoint authority, CancellationToken ct) =>
        Living.AdoptAsync(pipeline, epoch, authority, ct);

    public ValueTask<bool> RaiseEpochAsync(string pipeline, long epoch, long raised, CancellationToken ct) =>
        Living.RaiseEpochAsync(pipeline, epoch, raised, ct);

    public ValueTask<bool> ResetAsync(string pipeline, string owner, bool clearDeadLetters, CancellationToken ct) =>
        Living.ResetAsync(pipeline, owner, clearDeadLetters, ct);

    public ValueTask SeekAsync(string pipeline, string split, SplitPosition position, string owner, CancellationToken ct) =>
        Living.SeekAsync(pipeline, split, position, owner, ct);

    public ValueTask<PipelineState?> ReadAsync(string pipeline, CancellationToken ct) => _failingReads-- > 0
        ? throw ConnectorException.External("The state store could not be reached.")
        : Living.ReadAsync(pipeline, ct);

    public ValueTask<IReadOnlyList<PipelineState>> ListAsync(CancellationToken ct) => Living.ListAsync(ct);

    public ValueTask AddHistoryAsync(string pipeline, HistoryEvent happened, string owner, string? detail, CancellationToken ct) =>
        Living.AddHistoryAsync(pipeline, happened, owner, detail, ct);

    public ValueTask<IReadOnlyList<HistoryEntry>> HistoryAsync(string pipeline, int limit, CancellationToken ct) =>
        Living.HistoryAsync(pipeline, limit, ct);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private InMemoryStateStore Living => _isDead ? throw ConnectorException.External("The process of this store is dead.") : _durable;

    private sealed class MortalDeadLetters(ForgetfulStateStore store) : IDeadLetterStore
    {
        private IDeadLetterStore Living => store.Living.DeadLetters;

        public ValueTask<bool> AppendAsync(
            string pipeline, CommitStamp commit, IReadOnlyList<RecordError> errors, CancellationToken ct) =>
            Living.AppendAsync(pipeline, commit, errors, ct);

        public ValueTask<long> DeleteAboveAsync(string pipeline, CommitStamp last, CancellationToken ct) =>
            Living.DeleteAboveAsync(pipeline, last, ct);

        public ValueTask<IReadOnlyList<DeadLetterRecord>> ListAsync(string pipeline, DeadLetterFilter filter, CancellationToken ct) =>
            Living.ListAsync(pipeline, filter, ct);

        public ValueTask<IReadOnlyDictionary<string, long>> CountAsync(string pipeline, DeadLetterFilter filter, CancellationToken ct) =>
            Living.CountAsync(pipeline, filter, ct);

        public ValueTask<long> DeleteAsync(string pipeline, DeadLetterFilter filter, CancellationToken ct) =>
            Living.DeleteAsync(pipeline, filter, ct);

        public ValueTask<long> MarkReplayedAsync(string pipeline, IReadOnlyCollection<long> ids, CancellationToken ct) =>
            Living.MarkReplayedAsync(pipeline, ids, ct);
    }
}

/// <summary>What happens to a commit.</summary>
internal enum CommitFault
{
    /// <summary>Nothing: it goes through.</summary>
    None,

    /// <summary>It fails and is not stored.</summary>
    Lost,

    /// <summary>It is stored, but fails all the same for the caller.</summary>
    ReplyLost,

    /// <summary>Somebody else takes the pipeline over just before.</summary>
    Fenced,
}
