namespace DataFlow.Engine.State;

/// <summary>Names of what happens to pipelines.</summary>
public static class HistoryEvents
{
    /// <summary>An event as people read it: <c>run started</c>.</summary>
    public static string ToWords(this HistoryEvent happened) => happened switch
    {
        HistoryEvent.RunStarted => "run started",
        HistoryEvent.RunCompleted => "run completed",
        HistoryEvent.RunStopped => "run stopped",
        HistoryEvent.RunFailed => "run failed",
        HistoryEvent.Reset => "reset",
        HistoryEvent.Seek => "seek",
        HistoryEvent.Replay => "replay",
        HistoryEvent.Created => "created",
        HistoryEvent.Changed => "changed",
        HistoryEvent.Removed => "removed",
        HistoryEvent.Started => "started",
        HistoryEvent.Paused => "paused",
        HistoryEvent.Resumed => "resumed",
        HistoryEvent.Stopped => "stopped",
        HistoryEvent.Completed => "completed",
        HistoryEvent.Failed => "failed",
        HistoryEvent.Recovered => "recovered",
        HistoryEvent.DeadLettersDeleted => "dead letters deleted",
        HistoryEvent.Gap => "gap",
        _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, "No such event."),
    };
}
