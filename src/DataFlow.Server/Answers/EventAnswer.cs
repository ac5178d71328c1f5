using DataFlow.Engine.State;

namespace DataFlow.Server.Answers;

/// <summary>Something that happened to a pipeline.</summary>
/// <param name="At">When.</param>
/// <param name="Event">What.</param>
/// <param name="By">Who did it: a caller, or a process.</param>
/// <param name="Detail">More about it; left out when there is nothing to say.</param>
/// <param name="Generation">The generation afterwards.</param>
/// <param name="Epoch">The epoch afterwards.</param>
public sealed record EventAnswer(DateTimeOffset At, HistoryEvent Event, string By, string? Detail, long Generation, long Epoch)
{
    internal static EventAnswer Of(HistoryEntry entry) => new(entry.At, entry.Event, entry.Owner, entry.Detail, entry.Generation, entry.Epoch);
}
