using DataFlow.Cluster;
using DataFlow.Engine;
using DataFlow.Engine.Lifecycle;

namespace DataFlow.Server.Health;

/// <summary>How a pipeline is, in a word and a sentence.</summary>
/// <param name="Status">In a word.</param>
/// <param name="Reason">What is wrong; left out while nothing is.</param>
public sealed record PipelineHealth(PipelineHealthStatus Status, string? Reason)
{
    private static readonly PipelineHealth Healthy = new(PipelineHealthStatus.Healthy, Reason: null);

    /// <summary>Judges what is known of a pipeline; of one with several instances, what is worst.</summary>
    /// <param name="status">What is known.</param>
    /// <param name="freshnessLimit">The longest time that records may wait.</param>
    internal static PipelineHealth Of(PipelineStatus status, TimeSpan freshnessLimit) => status.Instances.Count == 0
        ? OfSingle(status, freshnessLimit)
        : OfAll([.. status.Instances.Select(instance => (instance.Pipeline.Name, OfSingle(instance, freshnessLimit)))]);

    private static PipelineHealth OfAll((string Name, PipelineHealth Health)[] instances) => new(
        instances.Max(instance => instance.Health.Status),
        string.Join(' ', instances.Where(instance => instance.Health.Reason is not null).Select(instance => $"{instance.Name}: {instance.Health.Reason}"))
            is { Length: > 0 } reasons ? reasons : null);

    private static PipelineHealth OfSingle(PipelineStatus status, TimeSpan freshnessLimit) => status.Pipeline.State switch
    {
        LifecycleState.Failed => new(PipelineHealthStatus.Failed, status.Pipeline.Reason ?? "It has failed."),
        LifecycleState.Running => OfRun(status.Run, freshnessLimit),
        _ => Healthy,
    };

    private static PipelineHealth OfRun(RunStatus? run, TimeSpan freshnessLimit) => run switch
    {
        null => Degraded("No node runs it right now; one will within seconds."),
        { State: RunState.BackingOff } => Degraded(run.Reason ?? "It waits before its next attempt."),
        { State: RunState.Starting } => Degraded(run.Reason ?? "It is starting."),
        { IsHealthy: false } => Degraded(run.Reason ?? "Its source does not reach the other side."),
        _ when run.Freshness > freshnessLimit => Degraded(
            $"Records have been waiting for {run.Freshness.TotalSeconds:0} s, longer than {freshnessLimit.TotalSeconds:0} s: the sink is too slow, or the source does not go on."),
        { Reason: { } reason } => Degraded(reason),
        _ => Healthy,
    };

    private static PipelineHealth Degraded(string reason) => new(PipelineHealthStatus.Degraded, reason);
}

/// <summary>How a pipeline is.</summary>
public enum PipelineHealthStatus
{
    /// <summary>Nothing is wrong: it runs well, or is not meant to run.</summary>
    Healthy,

    /// <summary>It is meant to run and does not get on as it should; the service does what it can.</summary>
    Degraded,

    /// <summary>It waits for somebody to mend and recover it.</summary>
    Failed,
}
