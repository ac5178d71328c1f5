namespace DataFlow.Engine.Configuration;

/// <summary>Makes the source and the sink of a pipeline. For one configuration.</summary>
internal sealed class ConnectorReader(
    Catalogue catalogue, ProblemList problems, OptionBinder binder, string pipelineId, string baseDirectory)
{
    public PipelineSource? ReadSource(MapValue map, string path)
    {
        var bound = binder.Bind(OptionTable.Of(typeof(SourceKeys)), map, path);
        var keys = (SourceKeys)bound.Options;
        var definition = FindSource(
            keys.Type, ImplementationIn(keys.Options) ?? ImplementationIn(keys.Config), bound.ValueOf("type"), Phrases.Join(path, "type"));
        if (definition is null)
        {
            return null;
        }

        var options = BindOptions(definition.OptionsType, keys, map, path);
        var hasConnection = CheckConnection(definition.ConnectionRequired, keys, bound, map, path, definition.ConnectionDescription);
        return options is null || !hasConnection || !bound.IsComplete
            ? null
            : Source(definition, keys.Connection ?? "", options, keys.BatchSize, keys.PollIntervalMs);
    }

    public PipelineSink? ReadSink(MapValue map, string path)
    {
        var bound = binder.Bind(OptionTable.Of(typeof(SinkKeys)), map, path);
        var keys = (SinkKeys)bound.Options;
        var definition = Found(
            catalogue.FindSink(keys.Type),
            keys.Type,
            bound.ValueOf("type"),
            Phrases.Join(path, "type"),
            "sink",
            catalogue.Sinks.Select(sink => sink.Name));
        if (definition is null)
        {
            return null;
        }

        var options = BindOptions(definition.OptionsType, keys, map, path);
        var hasConnection = CheckConnection(definition.ConnectionRequired, keys, bound, map, path, definition.ConnectionDescription);
        return options is null || !hasConnection || !bound.IsComplete ? null : new PipelineSink
        {
            Definition = definition,
            Settings = new SinkSettings
            {
                PipelineId = pipelineId,
                Connection = definition.ConnectionIsPath ? Resolve(PipelineInstance.Fill(keys.Connection ?? "", instance: null), isPath: true) : keys.Connection ?? "",
                ConfiguredConnection = keys.Connection ?? "",
                Options = options,
                BaseDirectory = baseDirectory,
            },
        };
    }

    public SourceDefinition? FindSource(string type, string? implementation, ConfigurationValue? given, string path) => Found(
        catalogue.FindSource(type, implementation), type, given, path, "source", catalogue.Sources.Select(source => source.Name));

    public PipelineSource Source(SourceDefinition definition, string connection, object options, int batchSize, TimeSpan poll) => new()
    {
        Definition = definition,
        Settings = new SourceSettings
        {
            PipelineId = pipelineId,
            Connection = Resolve(connection, definition.ConnectionIsPath),
            ConfiguredConnection = connection,
            Options = options,
            BaseDirectory = baseDirectory,
        },
        BatchSize = batchSize,
        PollInterval = poll,
    };

    private static string? ImplementationIn(ConfigurationValue? options) =>
        (options as MapValue)?.Entries.FirstOrDefault(entry => entry.Key == "source-impl") is { Value: ScalarValue implementation }
            ? implementation.Text
            : null;

    private string Resolve(string connection, bool isPath) =>
        isPath && connection.Length > 0 ? Path.GetFullPath(Path.Combine(baseDirectory, connection)) : connection;

    private T? Found<T>(T? definition, string type, ConfigurationValue? given, string path, string kind, IEnumerable<string> names)
        where T : class
    {
        // A type that is missing or no text was complained about when it was bound.
        if (definition is null && given is ScalarValue { IsNull: false } scalar)
        {
            var all = names.ToList();
            var suggestion = scalar.Reference is null ? Suggestion.Sentence(scalar.Text, all) : "";
            problems.Add(
                given.Location,
                path,
                $"there is no {kind} of type {Phrases.Shown(scalar)}; allowed are {Phrases.Or(all)}.{suggestion}");
        }

        return definition;
    }

    private bool CheckConnection(bool isRequired, IConnectorKeys keys, BoundOptions bound, MapValue map, string path, string description)
    {
        var given = bound.Given.GetValueOrDefault("connection");
        var isText = given?.Value is ScalarValue { IsNull: false };
        var isComplainedAbout = (given is not null && !isText) || bound.Meant.Contains("connection");
        if (!isRequired || isComplainedAbout || !string.IsNullOrWhiteSpace(keys.Connection))
        {
            return true;
        }

        var found = given is null ? "is missing" : "is empty";
        problems.Add(
            given?.Value.Location ?? map.Location,
            Phrases.Join(path, given?.Key ?? "connection"),
            $"this {found} and must be given: {description}");
        return false;
    }

    private object? BindOptions(Type type, IConnectorKeys keys, MapValue map, string path)
    {
        var options = ToMap(keys.Options, Phrases.Join(path, "options"), map.Location);
        var config = ToMap(keys.Config, Phrases.Join(path, "config"), map.Location);
        if (options is null || config is null)
        {
            return null;
        }

        var bound = binder.Bind(OptionTable.Of(type), Merge(options, config, Phrases.Join(path, "config")), Phrases.Join(path, "options"));
        return bound.IsComplete ? bound.Options : null;
    }

    private MapValue? ToMap(ConfigurationValue? value, string path, TextLocation around)
    {
        switch (value)
        {
            case null:
                return MapValue.Empty(around);
            case ScalarValue { IsNull: true }:
                return MapValue.Empty(value.Location);
            case MapValue map:
                return map;
            case BrokenValue:
                return null;
            default:
                problems.Add(value.Location, path, "this must be a map of options, such as {format: csv}.");
                return null;
        }
    }

    private MapValue Merge(MapValue options, MapValue config, string configPath)
    {
        var merged = options.Entries.ToDictionary(entry => entry.Key, StringComparer.Ordinal);
        foreach (var entry in config.Entries.Where(entry => !merged.TryAdd(entry.Key, entry)))
        {
            var other = merged[entry.Key];
            if (!IsSame(other.Value, entry.Value))
            {
                problems.Add(
                    entry.Value.Location,
                    Phrases.Join(configPath, entry.Key),
                    $"this has another value in options{Phrases.OnLine(other.KeyLocation)}; "
                        + "options and config are the same, so remove one of them.");
            }
        }

        return new MapValue([.. merged.Values], options.Entries.Count > 0 ? options.Location : config.Location);
    }

    private static bool IsSame(ConfigurationValue left, ConfigurationValue right) => (left, right) switch
    {
        (ScalarValue one, ScalarValue other) => one.Text == other.Text,
        (ListValue one, ListValue other) => one.Items.Count == other.Items.Count
            && one.Items.Zip(other.Items).All(pair => IsSame(pair.First, pair.Second)),
        (MapValue one, MapValue other) => one.Entries.Count == other.Entries.Count
            && one.Entries.Zip(other.Entries).All(pair => pair.First.Key == pair.Second.Key && IsSame(pair.First.Value, pair.Second.Value)),
        _ => false,
    };
}
