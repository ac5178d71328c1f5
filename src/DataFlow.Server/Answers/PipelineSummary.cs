using DataFlow.Engine.Lifecycle;

namespace DataFlow.Server.Answers;

/// <summary>A pipeline in a list.</summary>
public sealed record PipelineSummary
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Where it is in its life.</summary>
    public required LifecycleState State { get; init; }

    /// <summary>Why it is in this state; left out when there is nothing to say.</summary>
    public string? Reason { get; init; }

    /// <summary>Version of its definition; also the ETag of the pipeline.</summary>
    public required long Version { get; init; }

    /// <summary>When definition or state last changed.</summary>
    public required DateTimeOffset Updated { get; init; }

    /// <summary>Its instances; left out for a pipeline that runs as one.</summary>
    public IReadOnlyList<PipelineSummary>? Instances { get; init; }

    internal static PipelineSummary Of(RegisteredPipeline pipeline) => new()
    {
        Instances = pipeline.Instances.Count == 0 ? null : [.. pipeline.Instances.Select(Of)],
        Name = pipeline.Name,
        State = pipeline.State,
        Reason = pipeline.Reason,
        Version = pipeline.Version,
        Updated = pipeline.Updated,
    };
}
