using DataFlow.Cluster;
using DataFlow.Engine;

namespace DataFlow.Server.Answers;

/// <summary>What a node says of a pipeline that it runs, or tries to; of a pipeline with several instances, what their nodes say together.</summary>
public sealed record RunAnswer
{
    /// <summary>The node's name, or the names of several with commas between them.</summary>
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

    internal static RunAnswer? Of(PipelineStatus status)
    {
        RunStatus[] runs = [.. status.Instances.Select(instance => instance.Run).OfType<RunStatus>()];
        return status.Run is { } run ? Of(run) : runs.Length > 0 ? OfAll(runs) : null;
    }

    private static RunAnswer OfAll(RunStatus[] runs) => new()
    {
        Node = string.Join(", ", runs.Select(run => run.Node).Distinct().Order(StringComparer.Ordinal)),
        State = runs.Select(run => run.State).MaxBy(Concern),
        IsHealthy = runs.All(run => run.IsHealthy),
        Reason = string.Join(' ', runs.Select(run => run.Reason).OfType<string>().Distinct()) is { Length: > 0 } reasons ? reasons : null,
        Restarts = runs.Sum(run => run.Restarts),
        Offset = runs.Sum(run => run.Offset),
        BacklogBytes = runs.Aggregate((long?)0, (sum, run) => sum + run.BacklogBytes),
        BacklogRecords = runs.Aggregate((long?)0, (sum, run) => sum + run.BacklogRecords),
        FreshnessSeconds = runs.Max(run => run.Freshness.TotalSeconds),
        Counters = CountersAnswer.Of(runs.Aggregate(default(RecordCounters), (sum, run) => sum + run.Counters)),
    };

    private static int Concern(RunState state) => state switch
    {
        RunState.Running => 0,
        RunState.Starting => 1,
        RunState.BackingOff => 2,
        _ => 3,
    };

    private static RunAnswer Of(RunStatus run) => new()
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
