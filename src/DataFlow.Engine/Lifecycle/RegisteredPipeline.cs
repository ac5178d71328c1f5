namespace DataFlow.Engine.Lifecycle;

/// <summary>
/// A pipeline as the registry of a service holds it: one that runs as one, one instance of a pipeline, or such a pipeline as a whole
/// (<see cref="WholePipeline"/>).
/// </summary>
public sealed record RegisteredPipeline
{
    /// <summary>The pipeline's name: its state is kept by it.</summary>
    public required string Name { get; init; }

    /// <summary>The text of its pipeline file. May hold secrets: never shown as it is.</summary>
    public required string Definition { get; init; }

    /// <summary>Where the pipeline file stands, or would stand: relative paths start in its folder.</summary>
    public required string Path { get; init; }

    /// <summary>Raised by each change of the definition, from 1; what a change is checked against.</summary>
    public required long Version { get; init; }

    /// <summary>Where it is in its life.</summary>
    public required LifecycleState State { get; init; }

    /// <summary>Why it is in this state; null when there is nothing to say.</summary>
    public string? Reason { get; init; }

    /// <summary>When definition or state last changed.</summary>
    public required DateTimeOffset Updated { get; init; }

    /// <summary>The incarnation of the node that runs it, or ran it last while its lease lasts; null when nobody does.</summary>
    public string? Owner { get; init; }

    /// <summary>The name of the pipeline that this is an instance of; null for a pipeline itself.</summary>
    public string? InstanceOf { get; init; }

    /// <summary>The number of the instance, from 1; null for a pipeline itself.</summary>
    public int? Instance { get; init; }

    /// <summary>How many instances the pipeline has.</summary>
    public int InstanceCount { get; init; } = 1;

    /// <summary>The instances of a pipeline as a whole, by number; empty for one that runs as one, and for an instance.</summary>
    public IReadOnlyList<RegisteredPipeline> Instances { get; init; } = [];

    /// <summary>What has a run and a state of its own: the instances, or the pipeline itself.</summary>
    public IReadOnlyList<RegisteredPipeline> Entries => Instances.Count == 0 ? [this] : Instances;

    /// <summary>The name only: the definition may hold secrets.</summary>
    public override string ToString() => $"pipeline {Name}";
}
