namespace DataFlow.Connectors;

/// <summary>How far a poll has got through its pages. Immutable.</summary>
/// <param name="Pages">Pages read so far.</param>
/// <param name="Records">Records in them.</param>
/// <param name="Next">What asks for the next page: an offset, a page number, a cursor or an address; null for the first page.</param>
internal sealed record ApiPlace(long Pages, long Records, string? Next)
{
    /// <summary>Before the first page.</summary>
    public static ApiPlace First { get; } = new(0, 0, null);

    /// <summary>Records of the next page's list whose sub-resources are read already.</summary>
    public int Items { get; init; }

    /// <summary>What the list looked like to which <see cref="Items"/> belongs.</summary>
    public long ListHash { get; init; }
}
