namespace DataFlow.Engine.State;

/// <summary>
/// Keeps the records that could not be read, transformed or written, until they are replayed or deleted. Reached through
/// <see cref="IStateStore.DeadLetters"/>; the same promises hold.
/// </summary>
/// <remarks>
/// There is one dead letter per DeliveryId and stage. When the same record fails again, the newest reason and bytes count and
/// a replayed letter is open again, but the letter keeps its number and the first commit it belonged to: undoing a commit
/// that never happened must not take away a letter that an earlier commit had counted.
/// </remarks>
public interface IDeadLetterStore
{
    /// <summary>Adds what failed on the way to a commit. Called, and durable, before that commit.</summary>
    /// <returns>False when the stamp isn't of the current run: nothing was added.</returns>
    ValueTask<bool> AppendAsync(string pipeline, CommitStamp commit, IReadOnlyList<RecordError> errors, CancellationToken ct);

    /// <summary>
    /// Removes the letters above the last commit. Called at the start of each attempt: their records are read again, and how
    /// that ends is open.
    /// </summary>
    /// <param name="pipeline">The pipeline's name.</param>
    /// <param name="last">Generation and sequence of the authority's last commit, and the epoch of the current run.</param>
    /// <param name="ct">Gives up waiting.</param>
    /// <returns>How many were removed; none when the stamp isn't of the current run.</returns>
    ValueTask<long> DeleteAboveAsync(string pipeline, CommitStamp last, CancellationToken ct);

    /// <summary>A page of the letters that pass the filter, oldest first. Go on with <see cref="DeadLetterFilter.After"/>.</summary>
    ValueTask<IReadOnlyList<DeadLetterRecord>> ListAsync(string pipeline, DeadLetterFilter filter, CancellationToken ct);

    /// <summary>How many letters pass the filter, by reason. <see cref="DeadLetterFilter.Limit"/> has no effect.</summary>
    ValueTask<IReadOnlyDictionary<string, long>> CountAsync(string pipeline, DeadLetterFilter filter, CancellationToken ct);

    /// <summary>Deletes the letters that pass the filter. <see cref="DeadLetterFilter.Limit"/> has no effect.</summary>
    /// <returns>How many were deleted.</returns>
    ValueTask<long> DeleteAsync(string pipeline, DeadLetterFilter filter, CancellationToken ct);

    /// <summary>
    /// Marks letters as replayed outside of a commit. A replay that commits names them in
    /// <see cref="StateCommit.Replayed"/>, so that both stand or neither does.
    /// </summary>
    /// <returns>How many were open before.</returns>
    ValueTask<long> MarkReplayedAsync(string pipeline, IReadOnlyCollection<long> ids, CancellationToken ct);
}
