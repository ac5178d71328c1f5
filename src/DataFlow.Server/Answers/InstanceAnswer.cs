using DataFlow.Cluster;
using DataFlow.Engine.Lifecycle;
using DataFlow.Server.Health;

namespace DataFlow.Server.Answers;

/// <summary>One instance of a pipeline. More about it is told under its own name.</summary>
public sealed record InstanceAnswer
{
    /// <summary>Its name, with which it is asked and steered like a pipeline: <c>orders.2</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Where it is in its life.</summary>
    public required LifecycleState State { get; init; }

    /// <summary>The node that runs it; left out when none does.</summary>
    public string? Node { get; init; }

    /// <summary>How it is: healthy, degraded or failed.</summary>
    public required PipelineHealthStatus Health { get; init; }

    /// <summary>Why it is so; left out when there is nothing to say.</summary>
    public string? Reason { get; init; }

    internal static InstanceAnswer Of(PipelineStatus status, TimeSpan freshnessLimit)
    {
        var health = PipelineHealth.Of(status, freshnessLimit);
        return new InstanceAnswer
        {
            Name = status.Pipeline.Name,
            State = status.Pipeline.State,
            Node = status.Run?.Node,
            Health = health.Status,
            Reason = health.Reason ?? status.Pipeline.Reason,
        };
    }
}
