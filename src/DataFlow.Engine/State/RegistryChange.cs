using DataFlow.Engine.Lifecycle;

namespace DataFlow.Engine.State;

/// <summary>What a change of a definition does to the entries of a pipeline.</summary>
/// <param name="Outcome">Whether it may be done.</param>
/// <param name="Kept">Entries that stay.</param>
/// <param name="Added">Entries that are new.</param>
/// <param name="Removed">Entries that are no more.</param>
internal sealed record RegistryChange(
    RegistryOutcome Outcome, IReadOnlyList<string> Kept, IReadOnlyList<string> Added, IReadOnlyList<string> Removed)
{
    /// <summary>Decides about a change.</summary>
    /// <param name="stored">The entries as they are.</param>
    /// <param name="names">The names of the entries that there are to be.</param>
    /// <param name="expectedVersion">The version that the change was decided on.</param>
    /// <param name="whileRunning">True for a change that a new run takes up.</param>
    public static RegistryChange Decide(
        IReadOnlyList<RegistryEntry> stored, IReadOnlyList<string> names, long expectedVersion, bool whileRunning)
    {
        string[] known = [.. stored.Select(entry => entry.Name)];
        var change = new RegistryChange(
            RegistryRules.Judge(stored, expectedVersion, whileRunning), [.. known.Intersect(names)], [.. names.Except(known)], [.. known.Except(names)]);
        return change is { Outcome: RegistryOutcome.Done } && whileRunning && change.Added.Count + change.Removed.Count > 0
            ? change with { Outcome = RegistryOutcome.WrongState }
            : change;
    }
}
