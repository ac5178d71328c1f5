using System.Globalization;

namespace DataFlow.Engine.Configuration;

/// <summary>One instance of a pipeline that several run side by side: what is different in its definition. Pure.</summary>
public static class PipelineInstance
{
    /// <summary>What the path of a sink holds in the place of the instance's number or name.</summary>
    public const string Placeholder = "{instance}";

    /// <summary>What stands there when one run does the work of all instances.</summary>
    private const string All = "all";

    /// <summary>The definition of one instance: with its share of the source, its place in the sink, and a state of its own.</summary>
    /// <param name="definition">The pipeline.</param>
    /// <param name="instance">
    /// The instance: a number where the pipeline says how many there are, else any name. Null for one run that reads everything.
    /// </param>
    /// <exception cref="OptionException">There is no such instance.</exception>
    public static PipelineDefinition OfInstance(this PipelineDefinition definition, string? instance)
    {
        ArgumentNullException.ThrowIfNull(definition);
        if (instance is null)
        {
            return definition;
        }

        var share = definition.Instances == 1 ? SourceShare.Whole : ShareOf(definition, instance);
        if (PipelineName.Problem(instance, "an instance") is { } problem)
        {
            throw new OptionException("instance", problem);
        }

        var sink = definition.Sink.Settings;
        return definition with
        {
            Instance = instance,
            Source = definition.Source with { Settings = definition.Source.Settings with { Instance = instance, Share = share } },
            Sink = definition.Sink with
            {
                Settings = sink with
                {
                    PipelineId = PipelineName.OfInstance(definition.Name, instance),
                    Connection = HasPlace(definition.Sink)
                        ? Path.GetFullPath(Fill(sink.ConfiguredConnection, instance), sink.BaseDirectory)
                        : sink.Connection,
                },
            },
        };
    }

    /// <summary>The definition of an instance by its number.</summary>
    /// <param name="definition">The pipeline.</param>
    /// <param name="number">From 1 to <see cref="PipelineDefinition.Instances"/>; ignored for a pipeline that runs as one.</param>
    public static PipelineDefinition OfInstance(this PipelineDefinition definition, int number)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return definition.Instances == 1 ? definition : definition.OfInstance(number.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The definition itself and those of its instances.</summary>
    internal static IEnumerable<PipelineDefinition> WithInstances(this PipelineDefinition definition) => definition.Instances == 1
        ? [definition]
        : [definition, .. Enumerable.Range(1, definition.Instances).Select(definition.OfInstance)];

    /// <summary>What stands in the way of so many instances.</summary>
    internal static IEnumerable<ConfigurationProblem> InstanceProblems(this PipelineDefinition definition)
    {
        if (definition.Instances == 1)
        {
            yield break;
        }

        var (source, sink) = (definition.Source, definition.Sink);
        if (source.Definition.Sharing(source.Settings).WhyNot is { } why)
        {
            yield return definition.ProblemAt(
                "instances", $"the source '{source.Definition.Name}' can't be shared by {definition.Instances} instances: {why}. Write 'instances: 1', or leave it out.");
        }

        if (sink.Definition.WhyNotShared(sink.Settings) is { } problem)
        {
            yield return definition.ProblemAt("sink.connection", problem);
        }

        if (PipelineName.Problem(PipelineName.OfState(definition.Name, definition.Instances)[^1]) is { } tooLong)
        {
            yield return definition.ProblemAt("name", $"its instances are called like it, with their number behind a point: {tooLong}");
        }
    }

    /// <summary>Puts an instance into the place that is kept for it.</summary>
    internal static string Fill(string connection, string? instance) => connection.Replace(Placeholder, instance ?? All, StringComparison.Ordinal);

    private static bool HasPlace(PipelineSink sink) =>
        sink.Definition.ConnectionIsPath && sink.Settings.ConfiguredConnection.Contains(Placeholder, StringComparison.Ordinal);

    private static SourceShare ShareOf(PipelineDefinition definition, string instance) =>
        int.TryParse(instance, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number >= 1 && number <= definition.Instances
        && instance == number.ToString(CultureInfo.InvariantCulture)
            ? new SourceShare(number, definition.Instances)
            : throw new OptionException(
                "instance", $"{Phrases.Quote(instance)} is no instance of pipeline '{definition.Name}'; it has the instances 1 to {definition.Instances}.");
}
