using Microsoft.Extensions.Logging;

namespace DataFlow.Engine.Telemetry;

/// <summary>
/// Everything that the engine logs. The ids are stable, people filter by them: 1-19 a run, 20-39 its delivery, 40-59 bad
/// records. In normal operation nothing but the start and the end of a run is above Debug.
/// </summary>
internal static partial class LogMessages
{
    [LoggerMessage(1, LogLevel.Information, "Pipeline {Pipeline} started: {Source} to {Sink}, {Delivery}")]
    public static partial void RunStarted(this ILogger logger, string pipeline, string source, string sink, string delivery);

    [LoggerMessage(2, LogLevel.Information,
        "Pipeline {Pipeline} completed: {Read} records read, {Delivered} delivered, {Filtered} filtered, {DeadLettered} dead-lettered " +
        "in {Seconds:0.0} s")]
    public static partial void RunCompleted(
        this ILogger logger, string pipeline, long read, long delivered, long filtered, long deadLettered, double seconds);

    [LoggerMessage(3, LogLevel.Information,
        "Pipeline {Pipeline} stopped: {Read} records read, {Delivered} delivered, {Filtered} filtered, {DeadLettered} dead-lettered " +
        "in {Seconds:0.0} s; the next run goes on from here")]
    public static partial void RunStopped(
        this ILogger logger, string pipeline, long read, long delivered, long filtered, long deadLettered, double seconds);

    [LoggerMessage(4, LogLevel.Error, "Pipeline {Pipeline} failed: {Reason}")]
    public static partial void RunFailed(this ILogger logger, Exception exception, string pipeline, string reason);

    [LoggerMessage(5, LogLevel.Debug, "Pipeline {Pipeline} is stopping: reading has ended, what was read is being delivered")]
    public static partial void RunStopping(this ILogger logger, string pipeline);

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

    [LoggerMessage(7, LogLevel.Warning, "Source {SourceId} is unhealthy: {Reason}")]
    public static partial void SourceUnhealthy(this ILogger logger, string sourceId, string reason);

    [LoggerMessage(8, LogLevel.Debug, "Source {SourceId} is {Health}: {Reason}")]
    public static partial void SourceReported(this ILogger logger, string sourceId, SourceHealth health, string reason);

    [LoggerMessage(9, LogLevel.Warning, "Source {SourceId} could not reach the other side: {Reason}")]
    public static partial void ConnectionFailed(this ILogger logger, Exception exception, string sourceId, string reason);

    [LoggerMessage(20, LogLevel.Warning,
        "Pipeline {Pipeline} delivers at best effort: source {Source} can't be read again, so that records in flight are lost in a crash")]
    public static partial void BestEffort(this ILogger logger, string pipeline, string source);

    [LoggerMessage(21, LogLevel.Debug,
        "Pipeline {Pipeline} committed {Generation}.{Sequence}: {Delivered} records delivered so far, {Splits} splits moved")]
    public static partial void CheckpointCommitted(
        this ILogger logger, string pipeline, long generation, long sequence, long delivered, int splits);

    [LoggerMessage(22, LogLevel.Debug,
        "Commit {Generation}.{Sequence} of pipeline {Pipeline} had been stored already: its reply was lost")]
    public static partial void CommitReplyLost(this ILogger logger, string pipeline, long generation, long sequence);

    [LoggerMessage(23, LogLevel.Error,
        "Pipeline {Pipeline} was taken over, reset or moved by somebody else: commit {Generation}.{Sequence} was refused " +
        "and this run ends")]
    public static partial void Fenced(this ILogger logger, string pipeline, long generation, long sequence);

    [LoggerMessage(24, LogLevel.Debug, "Pipeline {Pipeline} goes on from the checkpoint of its sink, {Generation}.{Sequence}")]
    public static partial void SinkCheckpointAdopted(this ILogger logger, string pipeline, long generation, long sequence);

    [LoggerMessage(26, LogLevel.Warning,
        "The sink of pipeline {Pipeline} stands at commit {Generation}.{Held}, before {Generation}.{Known} of the state, as after the " +
        "restoring of a copy. Records are read again from where the sink stands; dead letters replayed since then are not")]
    public static partial void SinkIsBehind(this ILogger logger, string pipeline, long generation, long held, long known);

    [LoggerMessage(25, LogLevel.Debug,
        "{Count} dead letters of pipeline {Pipeline} belonged to no commit and were removed; their records are read again")]
    public static partial void DeadLettersUndone(this ILogger logger, string pipeline, long count);

    [LoggerMessage(40, LogLevel.Warning, "{Explanation} Skipped, now a dead letter ({Reason}).")]
    public static partial void RecordFailed(this ILogger logger, string explanation, string reason);

    [LoggerMessage(41, LogLevel.Warning,
        "{Count} more records of pipeline {Pipeline} went to the dead letters: dataflow dead-letters list")]
    public static partial void MoreRecordsFailed(this ILogger logger, string pipeline, long count);

    [LoggerMessage(42, LogLevel.Warning,
        "Pipeline {Pipeline} pauses: {Count} open dead letters, max-dead-letters is {Limit}. Replay or delete them, or raise the limit")]
    public static partial void PausedByDeadLetters(this ILogger logger, string pipeline, long count, long limit);
}
