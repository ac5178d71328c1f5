using Microsoft.Extensions.Logging;

namespace DataFlow;

/// <summary>When a run is over.</summary>
public enum Until
{
    /// <summary>When everything that was there has been read.</summary>
    CaughtUp,

    /// <summary>When it is stopped.</summary>
    Forever,
}

/// <summary>What a source may ask of the engine during one attempt. Thread-safe.</summary>
public abstract class SourceContext
{
    /// <summary>The pipeline's name.</summary>
    public abstract string PipelineId { get; }

    /// <summary>Unique per source object: <c>file-source-users-1f3a9c</c>.</summary>
    public abstract string SourceId { get; }

    /// <summary>When the run is over.</summary>
    public abstract Until Until { get; }

    /// <summary>Most records per batch.</summary>
    public abstract int BatchSize { get; }

    /// <summary>Most bytes per batch, unless a single record is larger.</summary>
    public abstract int BatchBytes { get; }

    /// <summary>Longest time that a record waits for its batch to fill.</summary>
    public abstract TimeSpan MaxLatency { get; }

    /// <summary>How often to look for more.</summary>
    public abstract TimeSpan PollInterval { get; }

    /// <summary>Workers that parse and transform batches. With more than one, <see cref="RecordBatch.Defer"/> pays.</summary>
    public abstract int Workers { get; }

    /// <summary>The clock.</summary>
    public abstract TimeProvider Time { get; }

    /// <summary>Where batches come from.</summary>
    public abstract BatchPool Pool { get; }

    /// <summary>For what people should see in the log.</summary>
    public abstract ILogger Logger { get; }

    /// <summary>
    /// A folder of this pipeline for what its source itself has to keep, beside the state; not created yet. Null when the state is
    /// not kept in a folder.
    /// </summary>
    public virtual string? Folder => null;

    /// <summary>The splits that have a stored position.</summary>
    public abstract IReadOnlyCollection<string> KnownSplits { get; }

    /// <summary>The stored position of a split, or null when it is new. May be asked mid-run.</summary>
    public abstract SplitPosition? PositionOf(string split);

    /// <summary>
    /// Waits until what was yielded of these splits is committed and acknowledged, at most until the deadline; returns their durable
    /// positions. Meant for a revocation: may be waited for by the thread that reads, also within a pending MoveNext. Nothing more
    /// is asked of the source meanwhile; what it has read but not yielded it drops, and the next owner reads it. Returns at once
    /// when the attempt is over.
    /// </summary>
    public abstract ValueTask<IReadOnlyDictionary<string, SplitPosition>> DrainAsync(
        IReadOnlyCollection<string> splits, DateTimeOffset deadline, CancellationToken ct);

    /// <summary>
    /// These splits belong to somebody else now. What was yielded of them and isn't committed is taken back: the attempt ends, and
    /// with it everything since the last commit is read again. Without such records nothing happens, as after a drain that was in
    /// time. The source yields no more of them before it has asked for their position again.
    /// </summary>
    public abstract void Lost(IReadOnlyCollection<string> splits);

    /// <summary>
    /// Everything that was there has been read for now. A source that follows calls it each time it waits for more. Healthy again.
    /// </summary>
    public abstract void CaughtUp();

    /// <summary>
    /// Says how the source is, for people: <c>rate limited until 10:05</c>. Waiting ends with the next batch, unhealthy only with a
    /// report of healthy or <see cref="CaughtUp"/>.
    /// </summary>
    public abstract void Report(SourceHealth health, string reason);

    /// <summary>Counts a failed attempt to reach the other side, which the source survives by itself, and reports unhealthy.</summary>
    public abstract void ReportConnectionError(Exception error);

    /// <summary>Enters a time or a number of records that the source missed into the pipeline's history; durable when it returns.</summary>
    public virtual ValueTask ReportGapAsync(SourceGap gap, CancellationToken ct) => ValueTask.CompletedTask;

    /// <summary>A batcher that cuts batches by records, bytes and time, for sources that get records one at a time.</summary>
    public abstract Batcher CreateBatcher();
}

/// <summary>How a source is.</summary>
public enum SourceHealth
{
    /// <summary>Reading, or waiting for more.</summary>
    Healthy,

    /// <summary>Waiting for a reason that will pass by itself: rate limit, backoff.</summary>
    Waiting,

    /// <summary>Disconnected or failing.</summary>
    Unhealthy,
}
