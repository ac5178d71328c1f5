namespace DataFlow;

/// <summary>
/// What is stored at a commit: everything up to here is delivered, filtered or dead-lettered. Checkpoints compare by
/// generation, then sequence. Immutable.
/// </summary>
/// <param name="Generation">Raised by reset and seek; a lower generation loses.</param>
/// <param name="Epoch">Raised by each run; a commit with another epoch than the current one is refused.</param>
/// <param name="Sequence">Number of the commit within the generation.</param>
/// <param name="Splits">Positions of the splits: those that changed when it is handed to a sink (see <see cref="ISink.CommitAsync"/>), all of them when it is read back.</param>
/// <param name="Counters">Totals since the pipeline's first run.</param>
/// <param name="SinkState">What the sink returned for this commit, or null.</param>
public sealed record Checkpoint(
    long Generation,
    long Epoch,
    long Sequence,
    IReadOnlyDictionary<string, SplitPosition> Splits,
    RecordCounters Counters,
    string? SinkState)
{
    /// <summary>Splits that are no more: the commit takes them out. Empty when it is read back.</summary>
    public IReadOnlyCollection<string> Gone { get; init; } = [];

    /// <summary>The state before the first commit.</summary>
    public static Checkpoint None { get; } =
        new(1, 0, 0, new Dictionary<string, SplitPosition>(), new RecordCounters(), null);
}
