namespace DataFlow.Engine.State;

/// <summary>Something that happened to a pipeline.</summary>
/// <param name="At">When.</param>
/// <param name="Event">What.</param>
/// <param name="Owner">Who did it: process, host, user.</param>
/// <param name="Detail">More about it, for people, or null.</param>
/// <param name="Generation">The generation afterwards.</param>
/// <param name="Epoch">The epoch afterwards.</param>
public sealed record HistoryEntry(
    DateTimeOffset At, HistoryEvent Event, string Owner, string? Detail, long Generation, long Epoch);

/// <summary>Kinds of <see cref="HistoryEntry"/>.</summary>
public enum HistoryEvent
{
    /// <summary>A run began.</summary>
    RunStarted,

    /// <summary>A run read everything there was.</summary>
    RunCompleted,

    /// <summary>A run was stopped and ended in order.</summary>
    RunStopped,

    /// <summary>A run failed.</summary>
    RunFailed,

    /// <summary>The state was started over.</summary>
    Reset,

    /// <summary>A split was moved.</summary>
    Seek,

    /// <summary>Dead letters were replayed.</summary>
    Replay,

    /// <summary>The source missed something, or may have: the detail is a <see cref="SourceGap"/>.</summary>
    Gap,
}
