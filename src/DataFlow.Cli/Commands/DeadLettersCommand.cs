using System.CommandLine;
using System.Globalization;
using System.Text;
using DataFlow.Engine.State;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow dead-letters</c>: shows and replays records that failed.</summary>
internal static class DeadLettersCommand
{
    private static readonly Option<int> Limit = new("-n", "--limit") { Description = "Most letters to list.", DefaultValueFactory = _ => 20 };
    private static readonly Option<string?> Reason = new("--reason") { Description = "Only those with this reason.", HelpName = "reason" };
    private static readonly Argument<long> Id = new("id") { Description = "Number of the letter, as 'dead-letters list' shows it." };

    public static Command Create(CliContext context)
    {
        var list = new Command("list", "List dead letters, oldest first, and count them by reason.") { PipelineArguments.File, Limit, Reason, PipelineArguments.State, PipelineArguments.Instance };
        list.SetAction((parsed, ct) => ListAsync(context, parsed, ct));
        var show = new Command("show", "Show one dead letter with its raw bytes.") { PipelineArguments.File, Id, PipelineArguments.State, PipelineArguments.Instance };
        show.SetAction((parsed, ct) => ShowAsync(context, parsed, ct));
        return new Command("dead-letters", "Look at records that could not be read, transformed or written, and replay them.")
        {
            list, show, ReplayCommand.Create(context),
        };
    }

    private static async Task<int> ListAsync(CliContext context, ParseResult parsed, CancellationToken ct)
    {
        var definition = PipelineArguments.Load(parsed);
        var name = definition.StateName;
        await using var store = PipelineArguments.OpenExistingState(parsed, definition, context);
        var filter = new DeadLetterFilter { Reason = parsed.GetValue(Reason), Limit = parsed.GetValue(Limit) };
        if (filter.Limit < 1)
        {
            throw new WrongInputException($"-n {filter.Limit} lists nothing; give 1 or more.");
        }

        var counts = await store.DeadLetters.CountAsync(name, filter, ct).ConfigureAwait(false);
        if (counts.Count == 0)
        {
            context.Out.WriteLine($"{name}: no dead letters{(filter.Reason is { } reason ? $" with the reason {reason}" : "")}.");
            return ExitCode.Done;
        }

        context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {counts.Values.Sum():N0} {(counts.Values.Sum() == 1 ? "dead letter" : "dead letters")} ({string.Join(", ", counts.OrderByDescending(pair => pair.Value).Select(pair => $"{pair.Value} {pair.Key}"))})"));
        foreach (var letter in await store.DeadLetters.ListAsync(name, filter, ct).ConfigureAwait(false))
        {
            context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {letter.Id,6}  {letter.Error.Stage,-9}  {letter.Error.Reason,-18}  {letter.Error.Explanation}"));
        }

        return ExitCode.Done;
    }

    private static async Task<int> ShowAsync(CliContext context, ParseResult parsed, CancellationToken ct)
    {
        var definition = PipelineArguments.Load(parsed);
        var name = definition.StateName;
        await using var store = PipelineArguments.OpenExistingState(parsed, definition, context);
        var id = parsed.GetValue(Id);
        var found = await store.DeadLetters.ListAsync(name, new DeadLetterFilter { Ids = [id], Status = DeadLetterStatus.Any }, ct).ConfigureAwait(false);
        var letter = found.Count == 1
            ? found[0]
            : throw new WrongInputException($"Pipeline '{name}' has no dead letter {id}; 'dataflow dead-letters list' shows their numbers.");
        var error = letter.Error;
        context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"dead letter {letter.Id} of {name}"));
        context.Out.WriteLine($"  reason       {error.Reason} ({error.Stage})");
        context.Out.WriteLine($"  message      {error.Message}");
        context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  split        {SplitName.ForPeople(error.Split)}, offset {error.Offset}"));
        context.Out.WriteLine($"  delivery id  {error.DeliveryId}");
        context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  failed       {letter.FailedAt:u}{(letter.ReplayedAt is { } at ? $", replayed {at:u}" : "")}"));
        context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  raw          {error.Raw.Length:N0} bytes:"));
        context.Out.WriteLine(Encoding.UTF8.GetString(error.Raw));
        return ExitCode.Done;
    }
}
