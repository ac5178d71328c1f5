using System.CommandLine;
using System.CommandLine.Help;
using DataFlow.Cli.Commands;
using DataFlow.Engine.Configuration;

namespace DataFlow.Cli;

/// <summary>The <c>dataflow</c> command: parses, runs, and turns failures into sentences and exit codes.</summary>
internal static class DataFlowCommand
{
    private static readonly Option<bool> Verbose = new("--verbose", "-v") { Description = "Show causes with stack traces, and debug logs.", Recursive = true };

    /// <summary>The command with everything below it.</summary>
    public static Command Create(CliContext context)
    {
        // Not a RootCommand: that one would be called as the assembly is.
        var root = new Command("dataflow", "Moves records from a source, through transforms, into a sink, and never loses or silently changes one.")
        {
            new HelpOption { Recursive = true },
            new VersionOption(),
            Verbose,
            RunCommand.Create(context),
            ValidateCommand.Create(context),
            ExplainCommand.Create(context),
            PreviewCommand.Create(context),
            ListCommand.Create(context),
            DescribeCommand.Create(context),
            SchemaCommand.Create(context),
            NewCommand.Create(context),
            StateCommand.Create(context),
            DeadLettersCommand.Create(context),
            PlanCommand.Create(context),
            ServeCommand.Create(context),
            PipelinesCommand.Create(context),
            ClusterCommand.Create(context),
            KeysCommand.Create(context),
        };
        root.Add(DocsCommand.Create(context, root));
        return root;
    }

    /// <summary>Runs the command line and returns the exit code.</summary>
    public static async Task<int> InvokeAsync(IReadOnlyList<string> args, CliContext context)
    {
        var parsed = Create(context).Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in CommandLineErrors.Of(parsed))
            {
                await context.Error.WriteLineAsync($"error: {error}").ConfigureAwait(false);
            }

            await context.Error.WriteLineAsync($"See: {CommandLineErrors.PathOf(parsed.CommandResult)} --help").ConfigureAwait(false);
            return ExitCode.WrongInput;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                Output = context.Out,
                Error = context.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            }).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            return Explain(failure, parsed.GetValue(Verbose), context.Error);
        }
    }

    /// <summary>Prints a failure as people need it. Only wrong input is the user's to mend before trying again.</summary>
    public static int Explain(Exception failure, bool verbose, TextWriter error)
    {
        switch (failure)
        {
            case ConfigurationException configuration:
                foreach (var problem in configuration.Problems)
                {
                    error.WriteLine($"error: {problem}");
                }

                break;
            case ConnectorException or WrongInputException:
                error.WriteLine($"error: {failure.Message}");
                break;
            default:
                error.WriteLine($"error: {failure.Message} This is not expected; run again with --verbose and report what it says.");
                break;
        }

        if (verbose)
        {
            error.WriteLine(failure);
        }

        return failure is ConfigurationException or WrongInputException ? ExitCode.WrongInput : ExitCode.Failed;
    }
}
