namespace DataFlow.Engine.State;

/// <summary>What a store holds of one pipeline.</summary>
/// <param name="Pipeline">The pipeline's name.</param>
/// <param name="Checkpoint">Positions of all splits, counters and sink state of the last commit, and the current epoch.</param>
/// <param name="SourceFingerprint">What the positions belong to, as the last commit stored it, or null before the first one.</param>
/// <param name="Owner">Who ran it last, or null when it was never run.</param>
/// <param name="Updated">When the state last changed.</param>
public sealed record PipelineState(
    string Pipeline, Checkpoint Checkpoint, string? SourceFingerprint, string? Owner, DateTimeOffset Updated);
