using System.CommandLine;
using System.Globalization;
using DataFlow.Cli.Output;
using DataFlow.Engine;
using DataFlow.Engine.State;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow dead-letters replay</c>: sends dead letters through the pipeline again, under its lock.</summary>
internal static class ReplayCommand
{
    private static readonly Option<string?> Reason = new("--reason") { Description = "Only those with this reason.", HelpName = "reason" };
    private static readonly Option<long[]> Ids = new("--id") { Description = "Only the letter with this number; may be given several times.", HelpName = "id" };

    public static Command Create(CliContext context)
    {
        var command = new Command("replay", "Read dead letters again, with the pipeline file as it is now, and deliver those that pass.")
        {
            PipelineArguments.File, Reason, Ids, PipelineArguments.State, PipelineArguments.Instance,
        };
        command.SetAction(parsed => ReplayAsync(context, parsed));
        return command;
    }

    private static async Task<int> ReplayAsync(CliContext context, ParseResult parsed)
    {
        var definition = PipelineArguments.Load(parsed);
        var name = definition.StateName;
        var verbose = parsed.GetValue<bool>("--verbose");
        var filter = new DeadLetterFilter
        {
            Reason = parsed.GetValue(Reason),
            Ids = parsed.GetValue(Ids) is { Length: > 0 } ids ? ids : null,
        };
        await using var store = PipelineArguments.OpenExistingState(parsed, definition, context);
        var spec = definition.ToReplaySpec(name, store, filter)
            ?? throw new WrongInputException($"Dead letters of a {definition.Source.Definition.Name} source can't be read again.");
        if ((await store.DeadLetters.CountAsync(name, filter, CancellationToken.None).ConfigureAwait(false)).Count == 0)
        {
            if (filter.Ids is { } wanted)
            {
                throw new WrongInputException($"Pipeline '{name}' has no dead letter {string.Join(", ", wanted)}; 'dataflow dead-letters list' shows their numbers.");
            }

            context.Out.WriteLine($"{name}: no dead letters to replay.");
            return ExitCode.Done;
        }

        using var signals = new StopSignals(context);
        using var held = PipelineLock.Acquire(
            PipelineArguments.StateFolder(parsed, definition), definition.Name, parsed.GetValue(PipelineArguments.Instance), context.Time);
        using var log = new CliLogger(context.Error, verbose);
        var outcome = await new PipelineRunner(spec, store, context.Time, log).RunAsync(signals.Stop).ConfigureAwait(false);
        if (outcome.Error is { } failure)
        {
            return DataFlowCommand.Explain(failure, verbose, context.Error);
        }

        await store.AddHistoryAsync(name, HistoryEvent.Replay, RunOwner.Current, $"{outcome.Run.Delivered} delivered", CancellationToken.None).ConfigureAwait(false);
        var left = (await store.DeadLetters.CountAsync(name, filter, CancellationToken.None).ConfigureAwait(false)).Values.Sum();
        context.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {outcome.Run.Delivered:N0} delivered, {outcome.Run.Filtered:N0} filtered out, {left:N0} failed again"));
        return ExitCode.Done;
    }
}
