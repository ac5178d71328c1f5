using DataFlow.Engine;
using DataFlow.Engine.Lifecycle;

namespace DataFlow.Cluster;

/// <summary>A pipeline of the service: what the registry holds of it, and what the node that runs it says. A snapshot.</summary>
/// <param name="Pipeline">Definition, version, state, reason.</param>
/// <param name="Run">The run that is going on; null when none is, and for a pipeline as a whole, whose instances have theirs.</param>
public sealed record PipelineStatus(RegisteredPipeline Pipeline, RunStatus? Run)
{
    /// <summary>The instances of a pipeline as a whole, by number; empty for one that runs as one, and for an instance.</summary>
    public IReadOnlyList<PipelineStatus> Instances { get; init; } = [];

    /// <summary>True while nothing is wrong, with any instance: it runs well, or is not meant to run and has not failed.</summary>
    public bool IsHealthy => Instances.Count > 0 ? Instances.All(instance => instance.IsHealthy) : Pipeline.State switch
    {
        LifecycleState.Running => Run is { IsHealthy: true },
        LifecycleState.Failed => false,
        _ => true,
    };
}

/// <summary>What a node says of a pipeline that it runs, or tries to.</summary>
public sealed record RunStatus
{
    /// <summary>Name of the node.</summary>
    public required string Node { get; init; }

    /// <summary>Where the node's API is.</summary>
    public required Uri Address { get; init; }

    /// <summary>What the run does; <see cref="RunState.Starting"/> while it waits for the lease or its next start.</summary>
    public required RunState State { get; init; }

    /// <summary>Counters of this run.</summary>
    public RecordCounters Counters { get; init; }

    /// <summary>The source's offset, summed over its splits.</summary>
    public long Offset { get; init; }

    /// <summary>Bytes left to read, or null when unknown.</summary>
    public long? BacklogBytes { get; init; }

    /// <summary>Records left to read, or null where the source does not count them.</summary>
    public long? BacklogRecords { get; init; }

    /// <summary>For how long records have been waiting; zero while there is nothing to read.</summary>
    public TimeSpan Freshness { get; init; }

    /// <summary>False while disconnected, failing, or waiting for another start.</summary>
    public required bool IsHealthy { get; init; }

    /// <summary>What it waits for, or why it is unhealthy; null when all is well.</summary>
    public string? Reason { get; init; }

    /// <summary>How often it was started again since it last made progress.</summary>
    public int Restarts { get; init; }
}
