namespace DataFlow.Engine.Configuration;

/// <summary>The keys of a pipeline file. As for connectors, everything about them is derived from this record.</summary>
internal sealed record PipelineKeys
{
    [Option("Where records come from.", Required = true)]
    public ConfigurationValue? Source { get; init; }

    [Option("What happens to records on their way, in this order. Each item is one transform: its name and its options.")]
    public ConfigurationValue? Transforms { get; init; }

    [Option("Where records go.", Required = true)]
    public ConfigurationValue? Sink { get; init; }

    [Option("The pipeline's name, by which its state is kept: letters, digits, '-', '_' and '.'. Left out: the file's name without its extension.", Example = "users")]
    public string? Name { get; init; }

    [Option("The guarantee that is required: effectively-once, at-least-once or best-effort. The pipeline doesn't start when it can't be proved. Left out: at-least-once, or best-effort with a warning where the source can't be read again.")]
    public DeliveryGuarantee? Delivery { get; init; }

    [Option("When a run is over: caught-up (everything that was there has been read) or forever (when it is stopped). Left out: what suits the source.")]
    public Until? Until { get; init; }

    [Option("How many instances run the pipeline side by side, in a service on any of its nodes. Each reads its share of the source (files, partitions, rows by their key) and has a state of its own, NAME.1 to NAME.n; {instance} in the path of a file sink is the instance's number.", Advanced = true)]
    [OptionRange(1, PipelineName.MostInstances)]
    public int Instances { get; init; } = 1;

    [Option("Longest time that a record waits for its batch to fill. Left out: what suits the source.")]
    [OptionRange(1, 3_600_000)]
    public TimeSpan? MaxLatency { get; init; }

    [Option("Most bytes per batch, unless a single record is larger.", Advanced = true)]
    [OptionRange(1 << 10, 64 << 20)]
    public ByteSize MaxBatchBytes { get; init; } = ByteSize.KiB(512);

    [Option("Threads that parse and transform. 0: one per core. Order is kept with any number.", Advanced = true)]
    [OptionRange(0, 256)]
    public int Workers { get; init; }

    [Option("The pipeline pauses when it has more dead letters than this. Left out: no limit.")]
    [OptionRange(0)]
    public long? MaxDeadLetters { get; init; }

    [Option("How often the position is made durable. After a crash, at most so much is read again.", Advanced = true)]
    [OptionRange(10, 3_600_000)]
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromSeconds(1);
}

/// <summary>The keys of <c>source</c>.</summary>
internal sealed record SourceKeys : IConnectorKeys
{
    [Option("The source kind, such as file; `dataflow list` shows them all.", Required = true, Aliases = ["sourceType"])]
    public string Type { get; init; } = "";

    [Option("Where to connect; what it means depends on the kind.", Aliases = ["connectionString"])]
    public string? Connection { get; init; }

    [Option("The options of the source kind.")]
    public ConfigurationValue? Options { get; init; }

    [Option("Another name of options. When both are there, they are taken together.", Advanced = true)]
    public ConfigurationValue? Config { get; init; }

    [Option("Most records per batch. Smaller batches arrive sooner, larger ones are faster.", Aliases = ["batchSize"])]
    [OptionRange(1)]
    public int BatchSize { get; init; } = 1000;

    [Option("Pause between looks for more.", Aliases = ["pollIntervalMs"])]
    [OptionRange(0, 31 * 86_400_000.0)]
    public TimeSpan PollIntervalMs { get; init; } = TimeSpan.FromSeconds(1);
}

/// <summary>The keys of <c>sink</c>.</summary>
internal sealed record SinkKeys : IConnectorKeys
{
    [Option("The sink kind, such as file; `dataflow list` shows them all.", Required = true)]
    public string Type { get; init; } = "";

    [Option("Where to write; what it means depends on the kind.", Aliases = ["connectionString"])]
    public string? Connection { get; init; }

    [Option("The options of the sink kind.")]
    public ConfigurationValue? Options { get; init; }

    [Option("Another name of options. When both are there, they are taken together.", Advanced = true)]
    public ConfigurationValue? Config { get; init; }
}

/// <summary>What <c>source</c> and <c>sink</c> have in common.</summary>
internal interface IConnectorKeys
{
    string Type { get; }

    string? Connection { get; }

    ConfigurationValue? Options { get; }

    ConfigurationValue? Config { get; }
}
