using System.Globalization;

namespace DataFlow.Engine.State;

/// <summary>What all stores agree on.</summary>
internal static class CommitRules
{
    /// <summary>Events that are kept per pipeline, gaps apart.</summary>
    public const int HistoryLimit = 1000;

    /// <summary>Gaps that are kept per pipeline: many of them leave the other events alone, and these leave the gaps alone.</summary>
    public const int GapLimit = 10_000;

    /// <summary>How many events of its kind are kept.</summary>
    public static int LimitOf(HistoryEvent happened) => happened == HistoryEvent.Gap ? GapLimit : HistoryLimit;

    /// <summary>Compares a commit with what stands in the store. Null when it is of the current run, but not its next one.</summary>
    public static CommitOutcome? Compare(CommitStamp stored, CommitStamp commit)
    {
        if ((stored.Generation, stored.Epoch) != (commit.Generation, commit.Epoch))
        {
            return CommitOutcome.Fenced;
        }

        return (commit.Sequence - stored.Sequence) switch
        {
            1 => CommitOutcome.Committed,
            0 => CommitOutcome.AlreadyCommitted,
            _ => null,
        };
    }

    /// <summary>An outcome for the caller, or the failure of one that has lost count.</summary>
    public static CommitOutcome Judge(string pipeline, CommitStamp commit, CommitOutcome? outcome) =>
        outcome ?? throw new ConnectorException(
            $"Commit {commit.Sequence} of pipeline '{pipeline}' doesn't follow the stored one. This is a bug of the runner, please " +
            "report it; the state is unharmed and a new run goes on from it.",
            FaultOwner.Internal, RetryAdvice.Never);

    /// <summary>True when the checkpoint of a sink that is the authority differs from the stored copy, and no reset or seek is between.</summary>
    public static bool Overrules(CommitStamp authority, CommitStamp stored) =>
        authority.Generation > stored.Generation
        || (authority.Generation == stored.Generation && authority.Sequence != stored.Sequence);

    /// <summary>The splits after a commit.</summary>
    public static Dictionary<string, SplitPosition> Merge(IReadOnlyDictionary<string, SplitPosition> splits, Checkpoint commit)
    {
        var merged = new Dictionary<string, SplitPosition>(splits);
        foreach (var (split, position) in commit.Splits)
        {
            merged[split] = position;
        }

        foreach (var split in commit.Gone)
        {
            merged.Remove(split);
        }

        return merged;
    }

    /// <summary>A reset, for the history.</summary>
    public static string DescribeReset(bool clearDeadLetters) => clearDeadLetters ? "with dead letters" : "dead letters kept";

    /// <summary>A seek, for the history.</summary>
    public static string DescribeSeek(string split, SplitPosition position) =>
        string.Create(CultureInfo.InvariantCulture, $"{split} to {position.Offset}");
}
