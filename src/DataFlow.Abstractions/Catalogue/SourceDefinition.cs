namespace DataFlow;

/// <summary>What a source can promise; the delivery guarantee is derived from it.</summary>
/// <param name="Replayable">It can read the same records again from a stored position.</param>
/// <param name="Endless">It never comes to an end by itself: <c>until: caught-up</c> is refused.</param>
/// <param name="WhyNotReplayable">For <c>explain</c>: what is missing, and which option would give it.</param>
/// <param name="Remark">For <c>explain</c>: a sentence on what the promise rests on; null when there is nothing to add.</param>
/// <param name="OffsetsAddUp">
/// True when the offsets of the splits make sense as a sum, as lines of files do; false when the offset of the latest record says
/// more, as with partitions.
/// </param>
public sealed record SourceCapabilities(
    bool Replayable, bool Endless = false, string? WhyNotReplayable = null, string? Remark = null, bool OffsetsAddUp = true);

/// <summary>A source kind of the catalogue: everything that the platform knows about it.</summary>
public sealed record SourceDefinition
{
    /// <summary>The name users write as <c>type</c>.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Another name that users may write as <c>type</c> when they write this kind's name as the option <c>source-impl</c>; null for
    /// none.
    /// </summary>
    public string? ImplementationOf { get; init; }

    /// <summary>One sentence for lists and the reference.</summary>
    public required string Summary { get; init; }

    /// <summary>What <c>connection</c> means for this kind, for the reference.</summary>
    public required string ConnectionDescription { get; init; }

    /// <summary>An example for <c>connection</c>.</summary>
    public required string ConnectionExample { get; init; }

    /// <summary>True when <c>connection</c> is a path, resolved from the pipeline file's folder.</summary>
    public bool ConnectionIsPath { get; init; }

    /// <summary>
    /// What settings name on this machine besides <c>connection</c> and the options that are marked as paths: files in a connection
    /// string, libraries. Asked before anything is made of the settings, and must not open what it names. Null for nothing.
    /// </summary>
    public Func<SourceSettings, IEnumerable<NamedFile>>? Files { get; init; }

    /// <summary>False when <c>connection</c> may be left out.</summary>
    public bool ConnectionRequired { get; init; } = true;

    /// <summary>The option record.</summary>
    public required Type OptionsType { get; init; }

    /// <summary>What it can promise with given settings.</summary>
    public required Func<SourceSettings, SourceCapabilities> Capabilities { get; init; }

    /// <summary>How instances of a pipeline share it with given settings.</summary>
    public Func<SourceSettings, SourceSharing> Sharing { get; init; } = _ => SourceSharing.None;

    /// <summary>Makes a source. Must not connect or read: that is <see cref="ISource.ReadAsync"/>'s.</summary>
    public required Func<SourceSettings, ISource> Create { get; init; }

    /// <summary>
    /// Turns a bare number from <c>ResumeFrom</c> or <c>state seek</c> into a split and its position, or null when this kind
    /// can't place a bare number.
    /// </summary>
    public Func<SourceSettings, long, Advance>? PositionFromNumber { get; init; }

    /// <summary>
    /// Parses the raw bytes of a dead letter, which fill the buffer of an empty batch with its identity set, the way the source
    /// would: adds a row or an error. The position is that of the letter's split, or null when it is not known any more. Null
    /// when this kind can't read dead letters again.
    /// </summary>
    public Action<SourceSettings, RecordBatch, RecordError, SplitPosition?>? ReadAgain { get; init; }

    /// <summary>When a run is over, where the pipeline file doesn't say.</summary>
    public Func<SourceSettings, Until> DefaultUntil { get; init; } = _ => Until.CaughtUp;

    /// <summary>Longest wait of a record for its batch, where the pipeline file doesn't say.</summary>
    public TimeSpan DefaultMaxLatency { get; init; } = TimeSpan.FromSeconds(1);
}

/// <summary>What a source is made from.</summary>
public sealed record SourceSettings
{
    /// <summary>The pipeline's name.</summary>
    public required string PipelineId { get; init; }

    /// <summary>Where to connect. Paths are absolute already.</summary>
    public required string Connection { get; init; }

    /// <summary>The connection as the user wrote it, for metadata and messages.</summary>
    public required string ConfiguredConnection { get; init; }

    /// <summary>The option record, of the definition's type.</summary>
    public required object Options { get; init; }

    /// <summary>Relative paths in options start here.</summary>
    public required string BaseDirectory { get; init; }

    /// <summary>
    /// Why a file may not be opened, by its absolute path: for files that are found only when the pipeline runs. Null where nothing is
    /// closed to pipelines.
    /// </summary>
    public Func<string, string?>? ProblemWithFile { get; init; }

    /// <summary>The guarantee that the pipeline requires; null when it requires none.</summary>
    public DeliveryGuarantee? Delivery { get; init; }

    /// <summary>Name of this instance when several run the same pipeline side by side; null when it runs alone.</summary>
    public string? Instance { get; init; }

    /// <summary>What this instance reads.</summary>
    public SourceShare Share { get; init; } = SourceShare.Whole;
}
