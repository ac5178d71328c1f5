namespace DataFlow.Engine;

/// <summary>How a run ended.</summary>
public enum RunState
{
    /// <summary>Not started yet, or opening source and sink.</summary>
    Starting,

    /// <summary>Records may flow.</summary>
    Running,

    /// <summary>An attempt failed; the next one waits for its time.</summary>
    BackingOff,

    /// <summary>Everything that was there is delivered.</summary>
    Completed,

    /// <summary>It was asked to stop, and did after a last commit.</summary>
    Stopped,

    /// <summary>It could not go on.</summary>
    Failed,
}

/// <summary>The end of a run.</summary>
/// <param name="State">Completed, stopped or failed.</param>
/// <param name="Run">Counters of this run, of what was committed.</param>
/// <param name="Totals">Counters since the pipeline's first run.</param>
/// <param name="Elapsed">Wall time of the run.</param>
/// <param name="Error">Why it failed.</param>
public sealed record PipelineOutcome(
    RunState State, RecordCounters Run, RecordCounters Totals, TimeSpan Elapsed, Exception? Error)
{
    /// <summary>What had to be done to make records of the input, by outcome, in this run.</summary>
    public IReadOnlyDictionary<string, long> ParseOutcomes { get; init; } = new Dictionary<string, long>();

    /// <summary>Dead letters of this run by reason.</summary>
    public IReadOnlyDictionary<string, long> DeadLetterReasons { get; init; } = new Dictionary<string, long>();

    /// <summary>True when the pipeline had been run before: nothing new is no surprise then.</summary>
    public bool HadState { get; init; }
}

/// <summary>Where a run is, for progress displays. A snapshot; counters include what is not committed yet.</summary>
/// <param name="State">What it does.</param>
/// <param name="Run">Counters of this run.</param>
/// <param name="Offset">The source's offset, summed over its splits.</param>
/// <param name="BacklogBytes">Bytes left to read, or null when unknown.</param>
/// <param name="TotalBytes">Bytes there are in all, or null when unknown.</param>
/// <param name="IsHealthy">False while disconnected, failing or ended by an error.</param>
/// <param name="Reason">What it waits for, or why it is unhealthy; null when all is well.</param>
public sealed record PipelineProgress(
    RunState State, RecordCounters Run, long Offset, long? BacklogBytes, long? TotalBytes, bool IsHealthy, string? Reason)
{
    /// <summary>Records left to read, or null where the source does not count them.</summary>
    public long? BacklogRecords { get; init; }

    /// <summary>
    /// For how long records have been waiting: since the last commit, or since there was something to read after it; zero while there
    /// is nothing to read.
    /// </summary>
    public TimeSpan Freshness { get; init; }
}
