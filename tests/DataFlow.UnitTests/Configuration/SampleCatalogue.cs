using DataFlow.Formats;

namespace DataFlow.UnitTests.Configuration;

internal enum SampleAuth
{
    None,

    [OptionValue("bearer", "jwt")]
    Bearer,

    ApiKey,
}

internal sealed record SampleFileOptions : FormatOptions;

internal sealed record SampleTopicOptions : IOptionsValidation
{
    [Option("The topic to read.", Required = true, Example = "orders", Identity = true)]
    public string Topic { get; init; } = "";

    [Option("How to prove who we are: none, bearer or api-key.")]
    public SampleAuth AuthType { get; init; }

    [Option("The token that proves who we are.", Secret = true)]
    public string AuthToken { get; init; } = "";

    [Option("The number that proves who we are.", Secret = true, Advanced = true, Identity = true)]
    public int Pin { get; init; }

    [Option("Most records per fetch.")]
    [OptionRange(1, 10_000)]
    public int MaxPollRecords { get; init; } = 500;

    [Option("How often to try again; -1 is for ever.")]
    [OptionRange(-1)]
    public long MaxRestarts { get; init; } = -1;

    [Option("Time between pings.", Unit = "s")]
    [OptionRange(0, 3600)]
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(30);

    [Option("Commit by itself.")]
    public bool EnableAutoCommit { get; init; }

    [Option("Share of bad records.", Advanced = true)]
    [OptionRange(0, 1)]
    public double MalformedShare { get; init; }

    [Option("Most bytes per fetch.", Advanced = true)]
    [OptionRange(1024, 1 << 20)]
    public ByteSize FetchBytes { get; init; } = ByteSize.KiB(64);

    [Option("Headers to send | or not.")]
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    [Option("Partitions to read.", Identity = true)]
    public IReadOnlyList<string> Partitions { get; init; } = [];

    [Option("Stop after so many.")]
    public int? Limit { get; init; }

    public IEnumerable<OptionProblem> Validate()
    {
        if (AuthType == SampleAuth.Bearer && AuthToken.Length == 0)
        {
            yield return new OptionProblem("auth-token", "auth-type bearer needs a token.");
        }

        if (AuthToken.StartsWith("bad", StringComparison.Ordinal))
        {
            yield return new OptionProblem("auth-token", $"'{AuthToken}' is no token.");
        }
    }
}

internal sealed record SampleSinkOptions
{
    [Option("The layout.")]
    public RecordFormat Format { get; init; } = RecordFormat.Json;
}

internal sealed record SampleFilterOptions
{
    [Option("The condition that rows must meet.", Required = true)]
    public string Condition { get; init; } = "";
}

internal sealed record SampleSelectOptions
{
    [Option("Fields to keep.")]
    public IReadOnlyList<string> Fields { get; init; } = [];

    [Option("New names by old name.")]
    public IReadOnlyDictionary<string, string> Rename { get; init; } = new Dictionary<string, string>();
}

internal sealed record NoOptions;

/// <summary>Kinds that the tests of this folder use. Their sources and sinks do nothing.</summary>
internal static class SampleCatalogue
{
    public static SourceDefinition File { get; } = Source("file", typeof(SampleFileOptions), new SourceCapabilities(Replayable: true)) with
    {
        ConnectionIsPath = true,
        ConnectionExample = "data/users.csv",
        Create = settings => ((SampleFileOptions)settings.Options).Encoding == "UTF-9"
            ? throw new OptionException("encoding", "'UTF-9' is no encoding; use UTF-8.")
            : new NoSource(),
    };

    public static SourceDefinition Kafka { get; } =
        Source("kafka", typeof(SampleTopicOptions), new SourceCapabilities(Replayable: true)) with { ConnectionExample = "localhost:9092" };

    public static SourceDefinition WebSocket { get; } = Source(
        "websocket",
        typeof(NoOptions),
        new SourceCapabilities(Replayable: false, Endless: true, "it keeps no journal; the option 'journal' gives it one.")) with
    {
        ConnectionExample = "wss://stream.example.com/events",
        DefaultUntil = _ => Until.Forever,
        DefaultMaxLatency = TimeSpan.FromMilliseconds(100),
    };

    public static SinkDefinition Console { get; } = Sink(
        "console", new SinkCapabilities(SinkReplay.Repeated, "a terminal can't take lines back")) with
    {
        ConnectionRequired = false,
        ConnectionExample = "",
    };

    public static SinkDefinition FileSink { get; } = Sink("file", new SinkCapabilities(SinkReplay.Undone)) with
    {
        ConnectionIsPath = true,
        ConnectionExample = "out/users.ndjson",
    };

    public static SinkDefinition Table { get; } = Sink("table", new SinkCapabilities(SinkReplay.Transactional));

    public static TransformDefinition Filter { get; } = new()
    {
        Name = "filter",
        Summary = "Keeps the rows that meet a condition.",
        OptionsType = typeof(SampleFilterOptions),
        ShorthandOption = "condition",
        Example = "\"age >= 18\"",
        Create = options => ((SampleFilterOptions)options).Condition is var condition && condition.EndsWith("AND", StringComparison.Ordinal)
            ? throw new OptionException("condition", $"'{condition}' ends after AND; a condition must follow.")
            : new NoTransform(),
    };

    public static TransformDefinition Select { get; } = new()
    {
        Name = "select",
        Summary = "Keeps and renames fields.",
        OptionsType = typeof(SampleSelectOptions),
        ShorthandOption = "fields",
        Example = "fields: [id, name]\nrename: { id: user_id }",
        Create = _ => new NoTransform(),
    };

    public static Catalogue All { get; } = new([File, Kafka, WebSocket], [Console, FileSink, Table], [Filter, Select]);

    private static SourceDefinition Source(string name, Type options, SourceCapabilities capabilities) => new()
    {
        Name = name,
        Summary = $"Reads from {name}.",
        ConnectionDescription = $"Where {name} is.",
        ConnectionExample = name,
        OptionsType = options,
        Capabilities = _ => capabilities,
        Create = _ => new NoSource(),
    };

    private static SinkDefinition Sink(string name, SinkCapabilities capabilities) => new()
    {
        Name = name,
        Summary = $"Writes to {name}.",
        ConnectionDescription = $"Where {name} is.",
        ConnectionExample = name,
        OptionsType = typeof(SampleSinkOptions),
        Capabilities = _ => capabilities,
        Create = _ => new NoSink(),
    };

    private sealed class NoSource : ISource
    {
        public IAsyncEnumerable<RecordBatch> ReadAsync(SourceContext context, CancellationToken stop) =>
            AsyncEnumerable.Empty<RecordBatch>();

        public ValueTask DisposeAsync() => default;
    }

    private sealed class NoSink : ISink
    {
        public ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct) => default;

        public ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct) => default;

        public ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct) => default;

        public ValueTask DisposeAsync() => default;
    }

    private sealed class NoTransform : ITransform
    {
        public RecordBatch Apply(RecordBatch batch) => batch;
    }
}
