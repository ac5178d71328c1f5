namespace DataFlow.Engine.State;

/// <summary>A record that could not be read, transformed or written, as it is kept.</summary>
/// <param name="Id">Its number in the store, for commands. Grows with time.</param>
/// <param name="Error">What is known about it, with its raw bytes.</param>
/// <param name="Generation">Generation of the commit it belongs to.</param>
/// <param name="Sequence">Sequence of the commit it belongs to.</param>
/// <param name="FailedAt">When it failed last.</param>
/// <param name="ReplayedAt">When it was delivered by a replay, or null while it is open.</param>
public sealed record DeadLetterRecord(
    long Id, RecordError Error, long Generation, long Sequence, DateTimeOffset FailedAt, DateTimeOffset? ReplayedAt);
