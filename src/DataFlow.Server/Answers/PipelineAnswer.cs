using System.Text.Json.Nodes;
using DataFlow.Cluster;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.Lifecycle;
using DataFlow.Server.Health;

namespace DataFlow.Server.Answers;

/// <summary>A pipeline, with what the node says that runs it.</summary>
public sealed record PipelineAnswer
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Where it is in its life.</summary>
    public required LifecycleState State { get; init; }

    /// <summary>Why it is in this state; left out when there is nothing to say.</summary>
    public string? Reason { get; init; }

    /// <summary>False when it has failed, or runs and something is wrong.</summary>
    public required bool IsHealthy { get; init; }

    /// <summary>How it is: healthy, degraded or failed, with the reason.</summary>
    public required PipelineHealth Health { get; init; }

    /// <summary>Version of its definition; also the ETag of this answer.</summary>
    public required long Version { get; init; }

    /// <summary>When definition or state last changed.</summary>
    public required DateTimeOffset Updated { get; init; }

    /// <summary>Where its file stands, or would stand: relative paths start in its folder.</summary>
    public required string Path { get; init; }

    /// <summary>Its definition, without comments and with <c>***</c> in place of every secret.</summary>
    public JsonNode? Definition { get; init; }

    /// <summary>The run that is going on; left out when none is. Of a pipeline with several instances, their runs together.</summary>
    public RunAnswer? Run { get; init; }

    /// <summary>The instances, by number; left out for a pipeline that runs as one, and for an instance.</summary>
    public IReadOnlyList<InstanceAnswer>? Instances { get; init; }

    /// <summary>The pipeline that this is an instance of; left out for a pipeline itself.</summary>
    public string? InstanceOf { get; init; }

    internal static PipelineAnswer Of(PipelineStatus status, ServerOptions options) => new()
    {
        Name = status.Pipeline.Name,
        State = status.Pipeline.State,
        Reason = status.Pipeline.Reason,
        IsHealthy = status.IsHealthy,
        Health = PipelineHealth.Of(status, options.FreshnessLimit),
        Version = status.Pipeline.Version,
        Updated = status.Pipeline.Updated,
        Path = status.Pipeline.Path,
        Definition = ShownDefinition.Of(status.Pipeline.Definition, options.Catalogue).ToJson(),
        Run = RunAnswer.Of(status),
        Instances = status.Instances.Count == 0 ? null : [.. status.Instances.Select(instance => InstanceAnswer.Of(instance, options.FreshnessLimit))],
        InstanceOf = status.Pipeline.InstanceOf,
    };
}
