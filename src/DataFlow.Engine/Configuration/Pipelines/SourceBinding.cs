namespace DataFlow.Engine.Configuration;

/// <summary>Makes a source of a <see cref="SourceConfig"/>, by the same rules as for a pipeline file.</summary>
public static class SourceBinding
{
    /// <summary>Checks a configuration that was made in C#.</summary>
    /// <param name="pipelineId">The pipeline's name.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="catalogue">The kinds that exist.</param>
    /// <param name="baseDirectory">Where relative paths start; null for the current folder.</param>
    /// <exception cref="ConfigurationException">Something is wrong; carries all of it.</exception>
    public static PipelineSource Bind(string pipelineId, SourceConfig config, Catalogue catalogue, string? baseDirectory = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        var problems = new ProblemList(null);
        var binder = new OptionBinder(problems);
        var folder = Path.GetFullPath(baseDirectory ?? Directory.GetCurrentDirectory());
        var connectors = new ConnectorReader(catalogue, problems, binder, pipelineId, folder);
        if (PipelineName.Problem(pipelineId) is { } problem)
        {
            problems.Add(default, "pipelineId", problem);
        }

        var definition = connectors.FindSource(
            config.SourceType, config.Options.GetValueOrDefault("source-impl"), Quoted(config.SourceType), nameof(config.SourceType));
        if (definition is { ConnectionRequired: true } && string.IsNullOrWhiteSpace(config.ConnectionString))
        {
            problems.Add(default, nameof(config.ConnectionString), $"this is empty and must be given: {definition.ConnectionDescription}");
        }

        CheckNumbers(config, problems);
        var options = definition is null
            ? null
            : binder.Bind(OptionTable.Of(definition.OptionsType), OptionsOf(config), nameof(config.Options)).Options;
        problems.ThrowIfAny();
        return connectors.Source(
            definition!, config.ConnectionString, options!, config.BatchSize, TimeSpan.FromMilliseconds(config.PollIntervalMs));
    }

    private static void CheckNumbers(SourceConfig config, ProblemList problems)
    {
        // The same limits as in a pipeline file, so that they are written in one place.
        var keys = OptionTable.Of(typeof(SourceKeys));
        foreach (var (key, name, value) in new[]
        {
            (nameof(config.BatchSize), "batch-size", config.BatchSize),
            (nameof(config.PollIntervalMs), "poll-interval-ms", config.PollIntervalMs),
        })
        {
            if (OptionConverter.CheckRange(keys.Find(name)!, value) is { } problem)
            {
                problems.Add(default, key, problem);
            }
        }
    }

    private static MapValue OptionsOf(SourceConfig config) =>
        new([.. config.Options.Select(option => new MapEntry(option.Key, default, Quoted(option.Value)))], default);

    private static ScalarValue Quoted(string text) => new(text, IsPlain: false, default);
}
