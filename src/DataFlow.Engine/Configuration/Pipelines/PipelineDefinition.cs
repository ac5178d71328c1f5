namespace DataFlow.Engine.Configuration;

/// <summary>A pipeline, read and checked: everything that the engine needs to run it. Immutable; change it with <c>with { }</c>.</summary>
public sealed record PipelineDefinition
{
    /// <summary>The pipeline's name.</summary>
    public required string Name { get; init; }

    /// <summary>Where records come from.</summary>
    public required PipelineSource Source { get; init; }

    /// <summary>What happens to them, in order.</summary>
    public IReadOnlyList<PipelineTransform> Transforms { get; init; } = [];

    /// <summary>Where they go.</summary>
    public required PipelineSink Sink { get; init; }

    /// <summary>The guarantee that is required; null when none is written.</summary>
    public DeliveryGuarantee? Delivery { get; init; }

    /// <summary>When a run is over; null when it isn't written: see <see cref="EffectiveUntil"/>.</summary>
    public Until? Until { get; init; }

    /// <summary>How many instances run it side by side.</summary>
    public int Instances { get; init; } = 1;

    /// <summary>The number or name of the instance that this is the definition of (see <see cref="PipelineInstance"/>); null for the pipeline itself.</summary>
    public string? Instance { get; init; }

    /// <summary>The name that state, locks and metrics go by.</summary>
    public string StateName => Instance is null ? Name : PipelineName.OfInstance(Name, Instance);

    /// <summary>Longest wait of a record for its batch; null when it isn't written: see <see cref="EffectiveMaxLatency"/>.</summary>
    public TimeSpan? MaxLatency { get; init; }

    /// <summary>Most bytes per batch.</summary>
    public required ByteSize MaxBatchBytes { get; init; }

    /// <summary>Threads that parse and transform; 0 for one per core.</summary>
    public required int Workers { get; init; }

    /// <summary>The pipeline pauses when it has more dead letters; null for no limit.</summary>
    public long? MaxDeadLetters { get; init; }

    /// <summary>How often the position is made durable.</summary>
    public required TimeSpan CommitInterval { get; init; }

    /// <summary>The pipeline file as the user named it; null for a pipeline that was made in C#.</summary>
    public string? FilePath { get; init; }

    /// <summary>The folder where relative paths start.</summary>
    public required string BaseDirectory { get; init; }

    /// <summary>When a run is over: as written, else as suits the source.</summary>
    public Until EffectiveUntil => Until ?? Source.Definition.DefaultUntil(Source.Settings);

    /// <summary>Longest wait of a record for its batch: as written, else as suits the source.</summary>
    public TimeSpan EffectiveMaxLatency => MaxLatency ?? Source.Definition.DefaultMaxLatency;

    /// <summary>Where each key stands in the file, by full key.</summary>
    internal IReadOnlyDictionary<string, TextLocation> Locations { get; init; } = new Dictionary<string, TextLocation>();

    /// <summary>A problem with a key of this pipeline, with the place where the key stands.</summary>
    /// <param name="key">The full key: <c>source.options.delimiter</c>.</param>
    /// <param name="message">A sentence.</param>
    public ConfigurationProblem ProblemAt(string key, string message)
    {
        var location = LocationOf(key);
        return new ConfigurationProblem(FilePath, location.Line, location.Column, key, message);
    }

    /// <summary>Makes the source.</summary>
    /// <exception cref="ConfigurationException">The source can't use an option's value.</exception>
    public ISource CreateSource() => Create("source.options", Source.Settings.Options, () => Source.Definition.Create(Source.Settings));

    /// <summary>Makes the sink.</summary>
    /// <exception cref="ConfigurationException">The sink can't use an option's value.</exception>
    public ISink CreateSink() => Create("sink.options", Sink.Settings.Options, () => Sink.Definition.Create(Sink.Settings));

    /// <summary>Makes the transforms, in order.</summary>
    /// <exception cref="ConfigurationException">A transform can't use an option's value.</exception>
    public IReadOnlyList<ITransform> CreateTransforms() =>
    [
        .. Transforms.Select(transform =>
            Create(transform.Key, transform.Options, () => transform.Definition.Create(transform.Options))),
    ];

    /// <summary>Makes source and sink once, without connecting, to hear which values they can't use.</summary>
    /// <returns>Everything that is wrong.</returns>
    public async ValueTask<IReadOnlyList<ConfigurationProblem>> CheckConnectorsAsync()
    {
        List<ConfigurationProblem> problems = [.. await CheckAsync(CreateSource).ConfigureAwait(false)];
        problems.AddRange(await CheckAsync(CreateSink).ConfigureAwait(false));
        return problems;
    }

    /// <summary>The name only: options may hold secrets.</summary>
    public override string ToString() => $"pipeline {Name}";

    private static async ValueTask<IReadOnlyList<ConfigurationProblem>> CheckAsync(Func<IAsyncDisposable> create)
    {
        try
        {
            await create().DisposeAsync().ConfigureAwait(false);
            return [];
        }
        catch (ConfigurationException exception)
        {
            return exception.Problems;
        }
    }

    private TextLocation LocationOf(string key)
    {
        // A key that wasn't written is missing from the nearest one around it that was.
        while (!Locations.TryGetValue(key, out var location))
        {
            if (key.Length == 0)
            {
                return default;
            }

            key = key[..Math.Max(0, key.LastIndexOf('.'))];
        }

        return Locations[key];
    }

    private T Create<T>(string path, object options, Func<T> create)
    {
        try
        {
            return create();
        }
        catch (OptionException exception)
        {
            var message = SecretMask.Hide(OptionTable.Of(options.GetType()), options, exception.Message);
            throw new ConfigurationException([ProblemAt(Phrases.Join(path, exception.Key), message)]);
        }
    }
}

/// <summary>The source of a pipeline.</summary>
public sealed record PipelineSource
{
    /// <summary>The kind.</summary>
    public required SourceDefinition Definition { get; init; }

    /// <summary>What it is made from.</summary>
    public required SourceSettings Settings { get; init; }

    /// <summary>Most records per batch.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Pause between looks for more.</summary>
    public required TimeSpan PollInterval { get; init; }

    /// <summary>The kind only: options may hold secrets.</summary>
    public override string ToString() => $"source {Definition.Name}";
}

/// <summary>The sink of a pipeline.</summary>
public sealed record PipelineSink
{
    /// <summary>The kind.</summary>
    public required SinkDefinition Definition { get; init; }

    /// <summary>What it is made from.</summary>
    public required SinkSettings Settings { get; init; }

    /// <summary>The kind only: options may hold secrets.</summary>
    public override string ToString() => $"sink {Definition.Name}";
}

/// <summary>One transform of a pipeline.</summary>
public sealed record PipelineTransform
{
    /// <summary>The transform.</summary>
    public required TransformDefinition Definition { get; init; }

    /// <summary>Its option record.</summary>
    public required object Options { get; init; }

    /// <summary>Its full key, for messages: <c>transforms[0].filter</c>.</summary>
    public required string Key { get; init; }

    /// <summary>Its key only: options may hold secrets.</summary>
    public override string ToString() => Key;
}
