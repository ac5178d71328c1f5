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
        Description = "Which instance this is when several processes run the same pipeline; each has its own lock and state. A number where the pipeline file says how many instances there are, else any name.",
        HelpName = "instance",
    };

    /// <summary>Reads the pipeline file, for the instance that is meant.</summary>
    public static PipelineDefinition Load(ParseResult parsed)
    {
        var definition = PipelineFile.Load(parsed.GetRequiredValue(File), BuiltInCatalogue.Instance);
        try
        {
            return definition.OfInstance(parsed.GetValue(Instance));
        }
        catch (OptionException refused)
        {
            throw new WrongInputException($"--instance: {refused.Message}");
        }
    }

    /// <summary>The state folder of a pipeline.</summary>
    public static string StateFolder(ParseResult parsed, PipelineDefinition definition) =>
        Path.GetFullPath(parsed.GetValue(State) ?? Path.Combine(definition.BaseDirectory, ".dataflow"));

    /// <summary>Opens the state of a pipeline that has run before.</summary>
    public static SqliteStateStore OpenExistingState(ParseResult parsed, PipelineDefinition definition, CliContext context)
    {
        var folder = StateFolder(parsed, definition);
        return Directory.Exists(folder)
            ? SqliteStateStore.Open(folder, context.Time)
            : throw new WrongInputException($"Pipeline '{definition.Name}' has no state in {folder}: it has not run yet, or its state is elsewhere (--state).");
    }
}
