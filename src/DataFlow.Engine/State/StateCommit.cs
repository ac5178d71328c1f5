namespace DataFlow.Engine.State;

/// <summary>What one commit stores.</summary>
public sealed record StateCommit
{
    /// <summary>The new checkpoint, with the splits that changed.</summary>
    public required Checkpoint Checkpoint { get; init; }

    /// <summary>
    /// JSON of the options that decide what is read, to recognise a state that belongs to something else. Null keeps the
    /// stored one.
    /// </summary>
    public string? SourceFingerprint { get; init; }

    /// <summary>Numbers of the dead letters that this commit delivers.</summary>
    public IReadOnlyCollection<long> Replayed { get; init; } = [];
}

/// <summary>Names one commit, and the run that makes it.</summary>
/// <param name="Generation">Raised by reset and seek.</param>
/// <param name="Epoch">Raised by each run.</param>
/// <param name="Sequence">Number of the commit within the generation.</param>
public readonly record struct CommitStamp(long Generation, long Epoch, long Sequence)
{
    /// <summary>The stamp of a checkpoint.</summary>
    public static CommitStamp Of(Checkpoint checkpoint) => new(checkpoint.Generation, checkpoint.Epoch, checkpoint.Sequence);
}

/// <summary>What became of a commit.</summary>
public enum CommitOutcome
{
    /// <summary>It is stored now.</summary>
    Committed,

    /// <summary>It had been stored before: an earlier try had succeeded, only its reply was lost.</summary>
    AlreadyCommitted,

    /// <summary>Somebody else has taken the pipeline over, or reset or moved it. Nothing was stored; the run must end.</summary>
    Fenced,
}
