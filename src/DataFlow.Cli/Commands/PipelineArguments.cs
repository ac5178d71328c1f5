using System.CommandLine;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.State;

namespace DataFlow.Cli.Commands;

/// <summary>Arguments and options that several commands share, and what they stand for.</summary>
internal static class PipelineArguments
{
    /// <summary>The pipeline file.</summary>
    public static Argument<string> File { get; } = new("file") { Description = "The pipeline file, YAML or JSON." };

    /// <summary>Where state is kept.</summary>
    public static Option<string?> State { get; } = new("--state")
    {
        Description = "Folder for positions and dead letters. Default: .dataflow beside the pipeline file.",
        HelpName = "folder",
    };

    /// <summary>Lets several processes run one pipeline.</summary>
    public static Option<string?> Instance { get; } = new("--instance")
    {
        Description = "Name of this instance when several processes run the same pipeline; each has its own lock and state.",
        HelpName = "name",
    };

    /// <summary>Reads the pipeline file.</summary>
    public static PipelineDefinition Load(ParseResult parsed)
    {
        var definition = PipelineFile.Load(parsed.GetRequiredValue(File), BuiltInCatalogue.Instance);
        var settings = definition.Source.Settings with { Instance = parsed.GetValue(Instance) };
        return definition with { Source = definition.Source with { Settings = settings } };
    }

    /// <summary>The state folder of a pipeline.</summary>
    public static string StateFolder(ParseResult parsed, PipelineDefinition definition) =>
        Path.GetFullPath(parsed.GetValue(State) ?? Path.Combine(definition.BaseDirectory, ".dataflow"));

    /// <summary>The name that state and lock are kept under.</summary>
    public static string StateName(ParseResult parsed, PipelineDefinition definition)
    {
        if (parsed.GetValue(Instance) is not { } instance)
        {
            return definition.Name;
        }

        return PipelineName.Problem(instance, "an instance") is { } problem
            ? throw new WrongInputException($"--instance: {problem}")
            : $"{definition.Name}.{instance}";
    }

    /// <summary>Opens the state of a pipeline that has run before.</summary>
    public static SqliteStateStore OpenExistingState(ParseResult parsed, PipelineDefinition definition, CliContext context)
    {
        var folder = StateFolder(parsed, definition);
        return Directory.Exists(folder)
            ? SqliteStateStore.Open(folder, context.Time)
            : throw new WrongInputException($"Pipeline '{definition.Name}' has no state in {folder}: it has not run yet, or its state is elsewhere (--state).");
    }
}
