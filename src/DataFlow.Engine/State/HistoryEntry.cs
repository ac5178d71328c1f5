namespace DataFlow.Engine.State;

/// <summary>Something that happened to a pipeline.</summary>
/// <param name="At">When.</param>
/// <param name="Event">What.</param>
/// <param name="Owner">Who did it: process, host, user.</param>
/// <param name="Detail">More about it, for people, or null.</param>
/// <param name="Generation">The generation afterwards.</param>
/// <param name="Epoch">The epoch afterwards.</param>
public sealed record HistoryEntry(
    DateTimeOffset At, HistoryEvent Event, string Owner, string? Detail, long Generation, long Epoch)
{
    /// <summary>Its number in the store: later entries have higher ones.</summary>
    public long Number { get; init; }
}

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

    /// <summary>The pipeline was added to a service.</summary>
    Created,

    /// <summary>Its definition was replaced.</summary>
    Changed,

    /// <summary>It was taken out of the service.</summary>
    Removed,

    /// <summary>Somebody started it.</summary>
    Started,

    /// <summary>Somebody paused it.</summary>
    Paused,

    /// <summary>Somebody resumed it.</summary>
    Resumed,

    /// <summary>Somebody stopped it.</summary>
    Stopped,

    /// <summary>Its source was read to the end.</summary>
    Completed,

    /// <summary>It could not go on, or failed too often in a row.</summary>
    Failed,

    /// <summary>Somebody cleared a failure.</summary>
    Recovered,

    /// <summary>Somebody deleted dead letters.</summary>
    DeadLettersDeleted,

    /// <summary>The source missed something, or may have: the detail is a <see cref="SourceGap"/>.</summary>
    Gap,
}
