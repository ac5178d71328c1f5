namespace DataFlow.Engine.Lifecycle;

/// <summary>A pipeline as the registry of a service holds it.</summary>
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

    /// <summary>The name only: the definition may hold secrets.</summary>
    public override string ToString() => $"pipeline {Name}";
}
