using Microsoft.Extensions.Logging;

namespace DataFlow.Engine.Telemetry;

/// <summary>
/// Everything that the engine logs. The ids are stable, people filter by them: 1-19 a run, 20-39 its delivery, 40-59 bad
/// records. In normal operation nothing is above Debug.
/// </summary>
internal static partial class LogMessages
{
    [LoggerMessage(4, LogLevel.Error, "Pipeline {Pipeline} failed: {Reason}")]
    public static partial void RunFailed(this ILogger logger, Exception exception, string pipeline, string reason);

    [LoggerMessage(6, LogLevel.Warning, "Attempt {Attempt} of pipeline {Pipeline} failed: {Reason} Next attempt in {Seconds:0.0} s")]
    public static partial void AttemptFailed(
        this ILogger logger, Exception exception, string pipeline, int attempt, string reason, double seconds);

    [LoggerMessage(11, LogLevel.Warning, "Something of pipeline {Pipeline} could not be cleaned up: {Reason}")]
    public static partial void CleanUpFailed(this ILogger logger, Exception exception, string pipeline, string reason);

    [LoggerMessage(12, LogLevel.Warning, "The state of pipeline {Pipeline} could not be stored and is tried again: {Reason}")]
    public static partial void CommitTriedAgain(this ILogger logger, Exception exception, string pipeline, string reason);

    [LoggerMessage(13, LogLevel.Error,
        "{Count} records of pipeline {Pipeline} are lost: they could not be delivered, and the source can't be read again")]
    public static partial void RecordsLost(this ILogger logger, string pipeline, long count);

    [LoggerMessage(10, LogLevel.Error, "The end of the run of pipeline {Pipeline} could not be noted in its history: {Reason}")]
    public static partial void HistoryFailed(this ILogger logger, Exception exception, string pipeline, string reason);

    [LoggerMessage(9, LogLevel.Warning, "Source {SourceId} could not reach the other side: {Reason}")]
    public static partial void ConnectionFailed(this ILogger logger, Exception exception, string sourceId, string reason);

    [LoggerMessage(20, LogLevel.Warning,
        "Pipeline {Pipeline} delivers at best effort: source {Source} can't be read again, so that records in flight are lost in a crash")]
    public static partial void BestEffort(this ILogger logger, string pipeline, string source);

    [LoggerMessage(21, LogLevel.Debug,
        "Pipeline {Pipeline} committed {Generation}.{Sequence}: {Delivered} records delivered so far, {Splits} splits moved")]
    public static partial void CheckpointCommitted(
        this ILogger logger, string pipeline, long generation, long sequence, long delivered, int splits);

    [LoggerMessage(24, LogLevel.Debug, "Pipeline {Pipeline} goes on from the checkpoint of its sink, {Generation}.{Sequence}")]
    public static partial void SinkCheckpointAdopted(this ILogger logger, string pipeline, long generation, long sequence);

    [LoggerMessage(26, LogLevel.Warning,
        "The sink of pipeline {Pipeline} stands at commit {Generation}.{Held}, before {Generation}.{Known} of the state, as after the " +
        "restoring of a copy. Records are read again from where the sink stands; dead letters replayed since then are not")]
    public static partial void SinkIsBehind(this ILogger logger, string pipeline, long generation, long held, long known);

    [LoggerMessage(40, LogLevel.Warning, "{Explanation} Skipped, now a dead letter ({Reason}).")]
    public static partial void RecordFailed(this ILogger logger, string explanation, string reason);
}
