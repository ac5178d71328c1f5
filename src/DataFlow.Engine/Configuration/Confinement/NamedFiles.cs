namespace DataFlow.Engine.Configuration;

/// <summary>Finds what a pipeline names on this machine, and refuses what it may not.</summary>
internal static class NamedFiles
{
    /// <summary>Everything that the pipeline may not name.</summary>
    public static IEnumerable<ConfigurationProblem> Check(PipelineDefinition definition, Confinement confinement)
    {
        foreach (var (key, path, isCode) in Of(definition))
        {
            var full = Path.GetFullPath(path, definition.BaseDirectory);
            if ((isCode ? confinement.ProblemWithCode(full) : confinement.ProblemWithFile(full)) is { } problem)
            {
                yield return definition.ProblemAt(key, problem);
            }
        }
    }

    private static IEnumerable<NamedFile> Of(PipelineDefinition definition)
    {
        var source = definition.Source;
        var sink = definition.Sink;
        return
        [
            .. Connection("source", source.Definition.ConnectionIsPath, source.Settings.Connection),
            .. Options("source.options", source.Settings.Options),
            .. Below("source", source.Definition.Files?.Invoke(source.Settings)),
            .. Connection("sink", sink.Definition.ConnectionIsPath, sink.Settings.Connection),
            .. Options("sink.options", sink.Settings.Options),
            .. Below("sink", sink.Definition.Files?.Invoke(sink.Settings)),
            .. definition.Transforms.SelectMany(transform => Options(transform.Key, transform.Options)),
        ];
    }

    private static IEnumerable<NamedFile> Connection(string key, bool isPath, string connection) =>
        isPath && connection.Length > 0 ? [new NamedFile($"{key}.connection", connection)] : [];

    private static IEnumerable<NamedFile> Options(string key, object options) => OptionTable.Of(options.GetType()).Entries
        .Where(entry => entry.IsPath)
        .SelectMany(entry => PathsOf(entry.Property.GetValue(options)).Select(path => new NamedFile(Phrases.Join(key, entry.Name), path)));

    private static IEnumerable<string> PathsOf(object? value) => value switch
    {
        string { Length: > 0 } path => [path],
        IEnumerable<string> paths => paths,
        _ => [],
    };

    private static IEnumerable<NamedFile> Below(string key, IEnumerable<NamedFile>? files) =>
        (files ?? []).Select(file => file with { Key = $"{key}.{file.Key}" });
}
