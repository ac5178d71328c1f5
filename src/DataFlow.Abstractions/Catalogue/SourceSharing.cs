namespace DataFlow;

/// <summary>How the instances of a pipeline share a source. Immutable.</summary>
public sealed record SourceSharing
{
    private SourceSharing()
    {
    }

    /// <summary>Each instance reads its <see cref="SourceShare"/>: positions mean that share and no other.</summary>
    public static SourceSharing ByShare { get; } = new();

    /// <summary>The other side shares out what there is and keeps the positions, as a consumer group does: their number may change.</summary>
    public static SourceSharing ByOtherSide { get; } = new() { PositionsMeanShare = false };

    /// <summary>It can't be shared: each instance would read everything.</summary>
    public static SourceSharing None { get; } = Refused("nothing tells which of its records are whose");

    /// <summary>Why it can't be shared, as the end of a sentence; null when it can.</summary>
    public string? WhyNot { get; private init; }

    /// <summary>True when stored positions belong to one share of so many.</summary>
    public bool PositionsMeanShare { get; private init; } = true;

    /// <summary>It can't be shared.</summary>
    /// <param name="why">Why, as the end of a sentence: <c>its messages come in one stream</c>.</param>
    public static SourceSharing Refused(string why) => new() { WhyNot = why };
}
