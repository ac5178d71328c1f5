using DataFlow.Engine.Configuration;

namespace DataFlow.Engine.State;

/// <summary>Where <c>state seek</c> goes: finds the split that somebody means.</summary>
public static class SeekTarget
{
    /// <summary>The position that a bare number stands for.</summary>
    /// <param name="source">The pipeline's source.</param>
    /// <param name="offset">The number, as people count.</param>
    /// <exception cref="OptionException">The number stands for nothing, or the kind of source can't go on at a bare number.</exception>
    public static (string Split, SplitPosition Position) At(PipelineSource source, long offset)
    {
        ArgumentNullException.ThrowIfNull(source);
        RefuseNegative(offset);
        var place = source.Definition.PositionFromNumber ?? throw new OptionException(
            "offset", $"A {source.Definition.Name} source can't go on at a bare number; use 'state set' with a complete position, or name a split.");
        var target = place(source.Settings, offset);
        return (target.Split, target.Position.ToSplitPosition());
    }

    /// <summary>A split that the pipeline has read from, by its full name or as people know it, with a bare number.</summary>
    /// <param name="state">The pipeline's state; null when it has none.</param>
    /// <param name="named">The split that somebody named.</param>
    /// <param name="offset">The number, as people count.</param>
    /// <exception cref="OptionException">There is no such split, or several.</exception>
    public static (string Split, SplitPosition Position) In(PipelineState? state, string named, long offset)
    {
        RefuseNegative(offset);
        var splits = state?.Checkpoint.Splits.Keys.Order(StringComparer.Ordinal).ToList() ?? [];
        var found = splits.Where(split => split == named || SplitName.ForPeople(split) == named).ToList();
        return found switch
        {
            [var only] => (only, new SplitPosition(offset, "")),
            [] => throw new OptionException(
                "split",
                $"There is no split '{named}' to move. "
                + (splits.Count == 0 ? "The pipeline has not read anything yet." : $"There are: {string.Join(", ", splits)}.")),
            _ => throw new OptionException("split", $"'{named}' stands for several splits; name one of them in full: {string.Join(", ", found)}."),
        };
    }

    private static void RefuseNegative(long offset)
    {
        if (offset < 0)
        {
            throw new OptionException("offset", $"{offset} is no offset; give 0 or more.");
        }
    }
}
