using Microsoft.Extensions.Logging;

namespace DataFlow.Cluster;

/// <summary>Everything that the cluster logs. The ids are stable, people filter by them: 100-119 pipelines, 120-139 the node.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(100, LogLevel.Warning, "Pipeline {Pipeline} is not started yet: {Reason}")]
    public static partial void StartPutOff(this ILogger logger, Exception exception, string pipeline, string reason);

    [LoggerMessage(101, LogLevel.Warning, "The end of the run of pipeline {Pipeline} can't be noted yet: {Reason}")]
    public static partial void EndNotNoted(this ILogger logger, Exception exception, string pipeline, string reason);

    [LoggerMessage(102, LogLevel.Error, "The run of pipeline {Pipeline} failed and starts again in {Seconds:0} s: {Reason}")]
    public static partial void RunStartsAgain(this ILogger logger, Exception exception, string pipeline, double seconds, string reason);

    [LoggerMessage(103, LogLevel.Error, "Pipeline {Pipeline} failed: {Reason}")]
    public static partial void PipelineFailed(this ILogger logger, string pipeline, string reason);

    [LoggerMessage(104, LogLevel.Warning, "Pipeline {Pipeline} moves to another node and has not drained within {Seconds:0} s; the other node waits for it")]
    public static partial void HandOffOverdue(this ILogger logger, string pipeline, double seconds);

    [LoggerMessage(105, LogLevel.Warning, "The lease of pipeline {Pipeline} could not be given back and ends after its time: {Reason}")]
    public static partial void LeaseNotReleased(this ILogger logger, Exception exception, string pipeline, string reason);

    [LoggerMessage(106, LogLevel.Warning, "This node does not hold pipeline {Pipeline} any more and stops it")]
    public static partial void LeaseLost(this ILogger logger, string pipeline);

    [LoggerMessage(107, LogLevel.Warning, "The last run of pipeline {Pipeline} did not end in order: {Reason}")]
    public static partial void EndedUnorderly(this ILogger logger, Exception exception, string pipeline, string reason);

    [LoggerMessage(120, LogLevel.Warning, "The state store does not answer; what runs goes on, and nothing new is started: {Reason}")]
    public static partial void StoreAway(this ILogger logger, Exception exception, string reason);

    [LoggerMessage(121, LogLevel.Information, "Members of the cluster: {Members}")]
    public static partial void MembersChanged(this ILogger logger, string members);

    [LoggerMessage(122, LogLevel.Critical, "This node is no member of the cluster for {Seconds:0} s ({Status}) and ends itself, to be started again and join anew")]
    public static partial void NodeCutOff(this ILogger logger, double seconds, string status);
}
