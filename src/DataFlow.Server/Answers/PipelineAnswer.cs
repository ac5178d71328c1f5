using System.Text.Json.Nodes;
using DataFlow.Cluster;
using DataFlow.Engine;
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

    /// <summary>The run that is going on; left out when none is.</summary>
    public RunAnswer? Run { get; init; }

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
        Run = status.Run is { } run ? RunAnswer.Of(run) : null,
    };
}

/// <summary>What a node says of a pipeline that it runs, or tries to.</summary>
public sealed record RunAnswer
{
    /// <summary>The node's name.</summary>
    public required string Node { get; init; }

    /// <summary>What the run does.</summary>
    public required RunState State { get; init; }

    /// <summary>False while disconnected, failing, or waiting for another start.</summary>
    public required bool IsHealthy { get; init; }

    /// <summary>What it waits for, or why it is unhealthy; left out when all is well.</summary>
    public string? Reason { get; init; }

    /// <summary>How often it was started again since it last made progress.</summary>
    public required int Restarts { get; init; }

    /// <summary>The source's offset, summed over its splits.</summary>
    public required long Offset { get; init; }

    /// <summary>Bytes left to read; left out when unknown.</summary>
    public long? BacklogBytes { get; init; }

    /// <summary>Records left to read; left out where the source does not count them.</summary>
    public long? BacklogRecords { get; init; }

    /// <summary>For how long records have been waiting, in seconds; 0 while there is nothing to read.</summary>
    public required double FreshnessSeconds { get; init; }

    /// <summary>Counters of this run.</summary>
    public required CountersAnswer Counters { get; init; }

    internal static RunAnswer Of(RunStatus run) => new()
    {
        Node = run.Node,
        State = run.State,
        IsHealthy = run.IsHealthy,
        Reason = run.Reason,
        Restarts = run.Restarts,
        Offset = run.Offset,
        BacklogBytes = run.BacklogBytes,
        BacklogRecords = run.BacklogRecords,
        FreshnessSeconds = run.Freshness.TotalSeconds,
        Counters = CountersAnswer.Of(run.Counters),
    };
}

/// <summary>The conservation law: read = delivered + filtered + dead-lettered + dropped + unaccounted.</summary>
/// <param name="Read">Records that came from the source, bad ones included.</param>
/// <param name="Delivered">Records that the sink has taken.</param>
/// <param name="Filtered">Records that a transform left out.</param>
/// <param name="DeadLettered">Records in the dead-letter store.</param>
/// <param name="Dropped">Records given up under <c>on-full: drop-oldest</c>.</param>
/// <param name="Deduplicated">Records read again and recognised.</param>
/// <param name="Unaccounted">In flight while a run goes on; zero at every commit.</param>
public sealed record CountersAnswer(long Read, long Delivered, long Filtered, long DeadLettered, long Dropped, long Deduplicated, long Unaccounted)
{
    internal static CountersAnswer Of(RecordCounters counters) => new(
        counters.Read, counters.Delivered, counters.Filtered, counters.DeadLettered, counters.Dropped, counters.Deduplicated, counters.Unaccounted);
}
