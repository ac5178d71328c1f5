namespace DataFlow.Engine.Configuration;

/// <summary>What a change of a pipeline's definition would do. Pure: nothing is connected, read or written. Immutable.</summary>
public sealed record PipelinePlan
{
    private PipelinePlan()
    {
    }

    /// <summary>What it comes to.</summary>
    public required PlanOutcome Outcome { get; init; }

    /// <summary>A sentence that says what happens, and what to do.</summary>
    public required string Explanation { get; init; }

    /// <summary>What differs, in the order of the file.</summary>
    public required IReadOnlyList<PlanChange> Changes { get; init; }

    /// <summary>Compares two definitions of one pipeline.</summary>
    /// <param name="current">The definition as it is; null when it does not validate any more.</param>
    /// <param name="proposed">The definition as it would be.</param>
    /// <param name="storedFingerprints">
    /// What the stored positions of the pipeline, or of its instances in their order, belong to
    /// (<see cref="State.PipelineState.SourceFingerprint"/>); null where nothing was committed so far.
    /// </param>
    public static PipelinePlan Compare(PipelineDefinition? current, PipelineDefinition proposed, IReadOnlyList<string?> storedFingerprints)
    {
        ArgumentNullException.ThrowIfNull(proposed);
        ArgumentNullException.ThrowIfNull(storedFingerprints);
        var changes = current is null ? [] : DefinitionDifference.Between(current, proposed);
        var differs = storedFingerprints.Index().Any(stored => stored.Item is { } fingerprint && IsOfOtherData(fingerprint, proposed, stored.Index + 1));
        var outcome = changes.Count == 0 && current is not null ? PlanOutcome.Unchanged : differs ? PlanOutcome.WouldReRead : PlanOutcome.Restart;
        return new PipelinePlan { Outcome = outcome, Explanation = Explain(outcome, changes), Changes = changes };
    }

    // One that there would be no more is told by the last that there would be: their shares differ, if shares mean anything.
    private static bool IsOfOtherData(string fingerprint, PipelineDefinition proposed, int number) => SourceFingerprint.DescribeDifference(
        SourceFingerprint.Parse(fingerprint), proposed.OfInstance(Math.Min(number, proposed.Instances)).Source) is not null;

    private static string Explain(PlanOutcome outcome, IReadOnlyList<PlanChange> changes) => outcome switch
    {
        PlanOutcome.Unchanged => "The pipeline does the same as before.",
        PlanOutcome.Restart when changes.Any(change => change.Key is "sink.type" or "sink.connection") =>
            "The pipeline is stopped, changed and started, and goes on where it stands. What it has delivered so far stays in the old sink; the new one gets what comes from now on.",
        PlanOutcome.Restart => "The pipeline is stopped, changed and started, and goes on where it stands.",
        _ when changes.Any(change => change.Key == "instances") =>
            "The stored positions belong to other shares of the source. The number of instances can be changed when the state of the pipeline has been reset, and everything is then read from the beginning.",
        _ => "The stored positions belong to other data. The pipeline can be changed, but refuses to start until its state is reset, and then reads from the beginning.",
    };
}

/// <summary>What a change of a definition comes to.</summary>
public enum PlanOutcome
{
    /// <summary>Nothing that the pipeline does changes.</summary>
    Unchanged,

    /// <summary>It goes on where it stands, in another way.</summary>
    Restart,

    /// <summary>What it has read so far would have to be read again: the positions belong to other data.</summary>
    WouldReRead,
}

/// <summary>Outcomes as people read them.</summary>
public static class PlanOutcomes
{
    /// <summary>The outcome as a word: <c>would-re-read</c>.</summary>
    public static string ToWord(this PlanOutcome outcome) => outcome switch
    {
        PlanOutcome.Unchanged => "unchanged",
        PlanOutcome.Restart => "restart",
        _ => "would-re-read",
    };
}

/// <summary>Something that differs between two definitions. Secrets are never shown.</summary>
/// <param name="Key">The full key: <c>source.options.delimiter</c>.</param>
/// <param name="Before">The value as it is; null when there is none; <c>***</c> for a secret.</param>
/// <param name="After">The value as it would be; null when there is none; <c>***</c> for a secret.</param>
/// <param name="IsIdentity">True when the change means other data.</param>
public sealed record PlanChange(string Key, string? Before, string? After, bool IsIdentity);
