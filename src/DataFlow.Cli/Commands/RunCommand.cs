using System.CommandLine;
using DataFlow.Cli.Output;
using DataFlow.Engine;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.State;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow run</c>: runs a pipeline in this process.</summary>
internal static class RunCommand
{
    private static readonly Option<Until?> UntilOption = new("--until")
    {
        Description = "When the run is over: caught-up or forever. Default: what the pipeline file says, or the source's own.",
        CustomParser = result => result.Tokens[0].Value switch
        {
            "caught-up" => Until.CaughtUp,
            "forever" => Until.Forever,
            var other => Fail(result, $"--until '{other}' is not known; use caught-up or forever."),
        },
    };

    private static readonly Option<bool> Fresh = new("--fresh") { Description = "Forget what was done before and start over; replaces what the pipeline itself had written." };
    private static readonly Option<bool> Strict = new("--strict") { Description = "Exit with 1 when there are dead letters." };
    private static readonly Option<string> OutputOption = new("--output") { Description = "text, or json: the last line of stdout is one JSON object with the counters of this run.", DefaultValueFactory = _ => "text" };

    public static Command Create(CliContext context)
    {
        OutputOption.AcceptOnlyFromAmong("text", "json");
        UntilOption.CompletionSources.Clear();
        UntilOption.CompletionSources.Add("caught-up", "forever");
        var command = new Command("run", "Run a pipeline until its source is read to the end, or until it is stopped.")
        {
            PipelineArguments.File, UntilOption, PipelineArguments.State, Fresh, PipelineArguments.Instance, Strict, OutputOption,
        };
        command.SetAction(parsed => RunAsync(context, parsed));
        return command;
    }

    private static async Task<int> RunAsync(CliContext context, ParseResult parsed)
    {
        var definition = PipelineArguments.Load(parsed);
        if (parsed.GetValue(UntilOption) is { } until)
        {
            definition = definition with { Until = until };
        }

        var guarantee = GuaranteeExplanation.Of(definition);
        if (guarantee.Problems.Count > 0)
        {
            throw new ConfigurationException(guarantee.Problems);
        }

        var name = definition.StateName;
        var json = parsed.GetValue(OutputOption) == "json";
        var verbose = parsed.GetValue<bool>("--verbose");
        context.Error.WriteLine($"{definition.Name}: {Describe(definition)}, {GuaranteeExplanation.NameOf(guarantee.Promised)}");
        if (guarantee.Warning is { } warning)
        {
            context.Error.WriteLine($"warning: {warning}");
        }

        try
        {
            return await RunAsync(context, parsed, definition, name, json, verbose).ConfigureAwait(false);
        }
        catch (ConnectorException failure)
        {
            // Refused before the run began: a program that reads the output gets its line all the same.
            if (json)
            {
                context.Out.WriteLine(RunReport.ToJson(definition.Name, new PipelineOutcome(RunState.Failed, default, default, TimeSpan.Zero, failure)));
            }

            throw;
        }
    }

    private static async Task<int> RunAsync(
        CliContext context, ParseResult parsed, PipelineDefinition definition, string name, bool json, bool verbose)
    {
        using var signals = new StopSignals(context);
        var folder = PipelineArguments.StateFolder(parsed, definition);
        using var held = PipelineLock.Acquire(folder, definition.Name, parsed.GetValue(PipelineArguments.Instance), context.Time);
        await using var store = SqliteStateStore.Open(folder, context.Time);
        if (parsed.GetValue(Fresh))
        {
            await store.ResetAsync(name, RunOwner.Current, clearDeadLetters: true, signals.Stop).ConfigureAwait(false);
        }

        using var log = new CliLogger(context.Error, verbose);
        var runner = new PipelineRunner(definition.ToSpec() with { PipelineId = name, StateFolder = folder }, store, context.Time, log);
        var outcome = await RunDisplay.WatchAsync(context, definition.Name, runner, Task.Run(() => runner.RunAsync(signals.Stop))).ConfigureAwait(false);
        RunReport.Write(json ? context.Error : context.Out, definition.Name, parsed.GetRequiredValue(PipelineArguments.File), outcome);
        var code = outcome.Error is { } failure ? DataFlowCommand.Explain(failure, verbose, context.Error) : ExitCode.Done;
        if (json)
        {
            context.Out.WriteLine(RunReport.ToJson(definition.Name, outcome));
        }

        return code == ExitCode.Done && parsed.GetValue(Strict) && outcome.Run.DeadLettered > 0 ? ExitCode.Failed : code;
    }

    private static string Describe(PipelineDefinition definition) => string.Join(" -> ",
    [
        $"{definition.Source.Definition.Name} {ConnectionDisplay.Of(definition.Source.Settings.ConfiguredConnection)}".TrimEnd(),
        .. definition.Transforms.Select(transform => transform.Definition.Name),
        $"{definition.Sink.Definition.Name} {ConnectionDisplay.Of(definition.Sink.Settings.ConfiguredConnection)}".TrimEnd(),
    ]);

    private static Until? Fail(System.CommandLine.Parsing.ArgumentResult result, string message)
    {
        result.AddError(message);
        return null;
    }
}
