namespace DataFlow.Engine;

/// <summary>Everything that the runner needs to know to run one pipeline. Immutable.</summary>
public sealed record PipelineSpec
{
    /// <summary>The pipeline's name; its state is kept under it.</summary>
    public required string PipelineId { get; init; }

    /// <summary>The source kind, for tags and ids: <c>file</c>.</summary>
    public required string SourceType { get; init; }

    /// <summary>Makes a fresh source for each attempt.</summary>
    public required Func<ISource> CreateSource { get; init; }

    /// <summary>What the source can promise.</summary>
    public required SourceCapabilities SourceCapabilities { get; init; }

    /// <summary>
    /// True when the source reads everything again once its state is gone. False where the other side keeps the place, as a consumer
    /// group does: a sink must then not replace what it has written, because nobody would bring it again.
    /// </summary>
    public bool SourceStartsOver { get; init; } = true;

    /// <summary>Applied to each batch, in order.</summary>
    public IReadOnlyList<ITransform> Transforms { get; init; } = [];

    /// <summary>Makes a fresh sink for each attempt.</summary>
    public required Func<ISink> CreateSink { get; init; }

    /// <summary>When the run is over.</summary>
    public Until Until { get; init; } = Until.CaughtUp;

    /// <summary>Most records per batch.</summary>
    public int BatchSize { get; init; } = 1000;

    /// <summary>Most bytes per batch, unless one record is larger.</summary>
    public int BatchBytes { get; init; } = 512 << 10;

    /// <summary>Longest wait of a record for its batch to fill.</summary>
    public TimeSpan MaxLatency { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Pause between polls of the source.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Batches that are parsed, transformed and encoded at once. 1 works on the reading thread itself.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Time between commits while records flow.</summary>
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Memory of batches that are read and not yet written; reading waits while it is exceeded.</summary>
    public long InFlightBytes { get; init; } = 64L << 20;

    /// <summary>Dead letters after which the run stops and asks for help. Null: no bound.</summary>
    public long? MaxDeadLetters { get; init; }

    /// <summary>Attempts in a row that fail without progress before the run gives up. Null: never.</summary>
    public int? MaxAttempts { get; init; } = 5;

    /// <summary>True for a run whose source is the dead letters: a letter that is delivered now was read before.</summary>
    public bool IsReplay { get; init; }

    /// <summary>What the stored state belongs to; see the configuration's source fingerprint. Null: not kept.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Says what differs when a stored fingerprint belongs to other data; null when it is the same.</summary>
    public Func<string, string?> FingerprintDifference { get; init; } = _ => null;

    /// <summary>The folder that the state is kept in; null when it is kept elsewhere.</summary>
    public string? StateFolder { get; init; }

    /// <summary>Who runs it, for locks and the audit log.</summary>
    public string Owner { get; init; } = RunOwner.Current;
}
