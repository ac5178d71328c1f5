namespace DataFlow;

/// <summary>How a sink treats what was written after the last commit when a run is repeated.</summary>
public enum SinkReplay
{
    /// <summary>It is undone at the next start: nothing is there twice.</summary>
    Undone,

    /// <summary>Rows and checkpoint are written in one transaction.</summary>
    Transactional,

    /// <summary>It is there, and comes again: at-least-once.</summary>
    Repeated,
}

/// <summary>What a sink can promise; the delivery guarantee is derived from it.</summary>
/// <param name="Replay">How it treats what was written after the last commit.</param>
/// <param name="WhyRepeated">For <c>explain</c>: what stands in the way of more.</param>
public sealed record SinkCapabilities(SinkReplay Replay, string? WhyRepeated = null);

/// <summary>A sink kind of the catalogue: everything that the platform knows about it.</summary>
public sealed record SinkDefinition
{
    /// <summary>The name users write as <c>type</c>.</summary>
    public required string Name { get; init; }

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
    public Func<SinkSettings, IEnumerable<NamedFile>>? Files { get; init; }

    /// <summary>False when <c>connection</c> may be left out.</summary>
    public bool ConnectionRequired { get; init; } = true;

    /// <summary>The option record.</summary>
    public required Type OptionsType { get; init; }

    /// <summary>What it can promise with given settings.</summary>
    public required Func<SinkSettings, SinkCapabilities> Capabilities { get; init; }

    /// <summary>
    /// Why several instances of a pipeline can't write to it side by side with given settings, as a sentence that says what to do;
    /// null when they can.
    /// </summary>
    public Func<SinkSettings, string?> WhyNotShared { get; init; } = _ => null;

    /// <summary>Makes a sink. Must not connect or write: that is <see cref="ISink.OpenAsync"/>'s.</summary>
    public required Func<SinkSettings, ISink> Create { get; init; }
}

/// <summary>What a sink is made from.</summary>
public sealed record SinkSettings
{
    /// <summary>The name that the pipeline's state is kept under: of the pipeline, or of one instance of it.</summary>
    public required string PipelineId { get; init; }

    /// <summary>Where to connect. Paths are absolute already.</summary>
    public required string Connection { get; init; }

    /// <summary>The connection as the user wrote it, for messages.</summary>
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
}
