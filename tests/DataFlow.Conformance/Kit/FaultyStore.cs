using DataFlow.Engine.State;

namespace DataFlow.Conformance;

/// <summary>
/// A state store whose process can die and whose calls can fail, for tests of what uses it. What is durable is kept by
/// another store, which lives on: after <see cref="Crash"/> only that is left.
/// </summary>
public sealed class FaultyStore : IStateStore
{
    private readonly IStateStore _durable;

    /// <summary>Wraps a store.</summary>
    /// <param name="durable">Keeps what is durable. Not disposed: it outlives the processes that use it.</param>
    /// <param name="faults">When to fail; never, when left out.</param>
    public FaultyStore(IStateStore durable, FaultSchedule? faults = null)
    {
        _durable = durable;
        Faults = faults ?? new FaultSchedule();
        DeadLetters = new FaultyDeadLetters(this);
    }

    /// <summary>When it fails.</summary>
    public FaultSchedule Faults { get; }

    /// <inheritdoc/>
    public IDeadLetterStore DeadLetters { get; }

    /// <summary>Commits that were stored.</summary>
    public int Commits { get; private set; }

    /// <summary>The process dies: nothing that hangs is ever stored, and no call works any more.</summary>
    /// <returns>The store as the next process finds it.</returns>
    public FaultyStore Crash()
    {
        Faults.Kill();
        return new FaultyStore(_durable);
    }

    /// <inheritdoc/>
    public async ValueTask<PipelineState> OpenRunAsync(string pipeline, string owner, CancellationToken ct)
    {
        await Faults.ReachAsync(FaultStep.StoreOpen, ct);
        return await Living.OpenRunAsync(pipeline, owner, ct);
    }

    /// <inheritdoc/>
    public async ValueTask<CommitOutcome> CommitAsync(string pipeline, StateCommit commit, CancellationToken ct)
    {
        var fault = await Faults.ReachAsync(FaultStep.StoreCommit, ct);
        if (fault == Fault.Fenced)
        {
            await Living.OpenRunAsync(pipeline, "somebody else", ct);
        }

        var outcome = await Living.CommitAsync(pipeline, commit, ct);
        Commits += outcome == CommitOutcome.Committed ? 1 : 0;
        return fault is Fault.ReplyLost or Fault.PartialWrite ? throw FaultSchedule.Failure(FaultStep.StoreCommit) : outcome;
    }

    /// <inheritdoc/>
    public ValueTask<bool> AdoptAsync(string pipeline, long epoch, Checkpoint authority, CancellationToken ct) =>
        Living.AdoptAsync(pipeline, epoch, authority, ct);

    /// <inheritdoc/>
    public ValueTask<bool> ResetAsync(string pipeline, string owner, bool clearDeadLetters, CancellationToken ct) =>
        Living.ResetAsync(pipeline, owner, clearDeadLetters, ct);

    /// <inheritdoc/>
    public ValueTask SeekAsync(string pipeline, string split, SplitPosition position, string owner, CancellationToken ct) =>
        Living.SeekAsync(pipeline, split, position, owner, ct);

    /// <inheritdoc/>
    public ValueTask<PipelineState?> ReadAsync(string pipeline, CancellationToken ct) => Living.ReadAsync(pipeline, ct);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<PipelineState>> ListAsync(CancellationToken ct) => Living.ListAsync(ct);

    /// <inheritdoc/>
    public ValueTask AddHistoryAsync(string pipeline, HistoryEvent happened, string owner, string? detail, CancellationToken ct) =>
        Living.AddHistoryAsync(pipeline, happened, owner, detail, ct);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<HistoryEntry>> HistoryAsync(string pipeline, int limit, CancellationToken ct) =>
        Living.HistoryAsync(pipeline, limit, ct);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private IStateStore Living => Faults.IsDead ? throw new SimulatedCrashException() : _durable;

    private sealed class FaultyDeadLetters(FaultyStore store) : IDeadLetterStore
    {
        private IDeadLetterStore Living => store.Living.DeadLetters;

        public async ValueTask<bool> AppendAsync(
            string pipeline, CommitStamp commit, IReadOnlyList<RecordError> errors, CancellationToken ct)
        {
            var fault = await store.Faults.ReachAsync(FaultStep.StoreDeadLetters, ct);
            var added = await Living.AppendAsync(pipeline, commit, errors, ct);
            return fault is Fault.ReplyLost or Fault.PartialWrite ? throw FaultSchedule.Failure(FaultStep.StoreDeadLetters) : added;
        }

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
