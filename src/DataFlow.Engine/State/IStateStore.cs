namespace DataFlow.Engine.State;

/// <summary>
/// Where the state of pipelines is kept: checkpoints, dead letters, history. Everything that a call wrote is durable when it
/// returns. Thread-safe; several stores may be open on the same place, also in other processes.
/// </summary>
/// <remarks>
/// Cancelling a call gives up waiting for it; what it wrote may stand all the same. A failure is a
/// <see cref="ConnectorException"/>; after one it is unknown whether the write stands, and <see cref="CommitAsync"/> with the
/// same checkpoint tells.
/// </remarks>
public interface IStateStore : IAsyncDisposable
{
    /// <summary>The records that could not be read, transformed or written.</summary>
    IDeadLetterStore DeadLetters { get; }

    /// <summary>
    /// Takes a pipeline over: raises its epoch, so that whoever ran it before can't commit any more, and returns its state
    /// with the new epoch. A pipeline that was never run gets an empty state.
    /// </summary>
    /// <param name="pipeline">The pipeline's name.</param>
    /// <param name="owner">Who runs it, for people: process, host.</param>
    /// <param name="ct">Gives up waiting.</param>
    ValueTask<PipelineState> OpenRunAsync(string pipeline, string owner, CancellationToken ct);

    /// <summary>
    /// Stores a checkpoint if it is the next one of the current run: its generation and epoch are the current ones and its
    /// sequence is one more than the stored one. All of it or nothing. One commit in flight per pipeline.
    /// </summary>
    ValueTask<CommitOutcome> CommitAsync(string pipeline, StateCommit commit, CancellationToken ct);

    /// <summary>
    /// Copies the checkpoint of a sink that is the authority of its pipeline, if it differs from the stored one and its generation
    /// isn't lower. It holds all splits. The run's epoch stays.
    /// </summary>
    /// <param name="pipeline">The pipeline's name.</param>
    /// <param name="epoch">The epoch of the run that asks.</param>
    /// <param name="authority">What the sink holds.</param>
    /// <param name="ct">Gives up waiting.</param>
    /// <returns>False when the stored state is the same or of a later generation, or the run is not the current one: nothing was changed.</returns>
    ValueTask<bool> AdoptAsync(string pipeline, long epoch, Checkpoint authority, CancellationToken ct);

    /// <summary>
    /// Raises the epoch of the current run above one that its target has seen, as when the state folder was lost and begins anew.
    /// </summary>
    /// <param name="pipeline">The pipeline's name.</param>
    /// <param name="epoch">The epoch of the run that asks.</param>
    /// <param name="raised">Its epoch from now on.</param>
    /// <param name="ct">Gives up waiting.</param>
    /// <returns>False when the run is not the current one: nothing was changed.</returns>
    ValueTask<bool> RaiseEpochAsync(string pipeline, long epoch, long raised, CancellationToken ct);

    /// <summary>
    /// Starts a pipeline over: a new generation without splits, counters and fingerprint. The sink state stays, so that the sink
    /// knows what it had written itself. Dead letters that no commit stands for go in any case.
    /// </summary>
    /// <param name="pipeline">The pipeline's name.</param>
    /// <param name="owner">Who asked for it, for the history.</param>
    /// <param name="clearDeadLetters">True removes all dead letters of the pipeline, false keeps them.</param>
    /// <param name="ct">Gives up waiting.</param>
    /// <returns>False when the store doesn't know the pipeline: nothing was changed.</returns>
    ValueTask<bool> ResetAsync(string pipeline, string owner, bool clearDeadLetters, CancellationToken ct);

    /// <summary>
    /// Makes the next run go on elsewhere in one split: a new generation in which everything else stays as it is. A pipeline
    /// that was never run may be moved too.
    /// </summary>
    /// <param name="pipeline">The pipeline's name.</param>
    /// <param name="split">The split to move.</param>
    /// <param name="position">Where to go on.</param>
    /// <param name="owner">Who asked for it, for the history.</param>
    /// <param name="ct">Gives up waiting.</param>
    ValueTask SeekAsync(string pipeline, string split, SplitPosition position, string owner, CancellationToken ct);

    /// <summary>The state of a pipeline, or null when the store doesn't know it. Changes nothing.</summary>
    ValueTask<PipelineState?> ReadAsync(string pipeline, CancellationToken ct);

    /// <summary>The pipelines in the store, by name, without their splits.</summary>
    ValueTask<IReadOnlyList<PipelineState>> ListAsync(CancellationToken ct);

    /// <summary>
    /// Adds to the history what the store doesn't see by itself: the end of a run, a replay. A start, a reset and a seek are
    /// written by their own calls.
    /// </summary>
    ValueTask AddHistoryAsync(string pipeline, HistoryEvent happened, string owner, string? detail, CancellationToken ct);

    /// <summary>What happened to a pipeline, newest first. At least the last 1,000 events are kept.</summary>
    ValueTask<IReadOnlyList<HistoryEntry>> HistoryAsync(string pipeline, int limit, CancellationToken ct);
}
