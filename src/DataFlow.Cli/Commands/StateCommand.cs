using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using DataFlow.Engine;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.State;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow state</c>: shows and moves positions.</summary>
internal static class StateCommand
{
    private static readonly Option<bool> Json = new("--json") { Description = "Print one JSON object." };
    private static readonly Option<bool> KeepDeadLetters = new("--keep-dead-letters") { Description = "Leave the dead letters where they are." };
    private static readonly Option<string?> Split = new("--split") { Description = "The split to move, as 'state show' names it. May be left out when there is only one.", HelpName = "split" };
    private static readonly Option<string> SetSplit = new("--split") { Description = "The split to set, as 'state show' names it.", HelpName = "split", Required = true };
    private static readonly Option<string> SetPosition = new("--position") { Description = "The complete position, as 'state show --json' prints it.", HelpName = "json", Required = true };
    private static readonly Option<long> SetOffset = new("--offset") { Description = "The position as one number, for people.", HelpName = "number" };
    private static readonly Argument<long> Offset = new("offset") { Description = "Where to go on: for files, the number of lines to skip." };
    private static readonly Argument<string> Copy = new("copy") { Description = "The file to make. It must not be there yet." };
    private static readonly Option<string> CopiedFolder = new("--state")
    {
        Description = "The state folder to copy. Default: .dataflow in the current folder.",
        HelpName = "folder",
        DefaultValueFactory = _ => ".dataflow",
    };

    // Paths and positions stay readable; the output goes to no web page.
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create(CliContext context)
    {
        var show = new Command("show", "Show positions, counters and what happened last.") { PipelineArguments.File, PipelineArguments.State, PipelineArguments.Instance, Json };
        show.SetAction((parsed, ct) => ShowAsync(context, parsed, ct));
        var reset = new Command("reset", "Forget positions and counters: the next run starts over.") { PipelineArguments.File, PipelineArguments.State, PipelineArguments.Instance, KeepDeadLetters };
        reset.SetAction((parsed, ct) => ResetAsync(context, parsed, ct));
        var seek = new Command("seek", "Make the next run go on elsewhere.") { PipelineArguments.File, Offset, Split, PipelineArguments.State, PipelineArguments.Instance };
        seek.SetAction((parsed, ct) => SeekAsync(context, parsed, ct));
        var set = new Command("set", "Set the complete position of a split, where a number is not enough.") { PipelineArguments.File, SetSplit, SetPosition, SetOffset, PipelineArguments.State, PipelineArguments.Instance };
        set.SetAction((parsed, ct) => SetAsync(context, parsed, ct));
        var gaps = new Command("gaps", "List the gap ledger: when the source did not hear its other side, and what it missed.") { PipelineArguments.File, PipelineArguments.State, PipelineArguments.Instance, Json };
        gaps.SetAction((parsed, ct) => GapsAsync(context, parsed, ct));
        var backup = new Command("backup", "Copy the state of a folder into a file, while pipelines go on running.") { Copy, CopiedFolder };
        backup.SetAction((parsed, ct) => BackupAsync(context, parsed, ct));
        return new Command("state", "Look at, move and back up positions.") { show, gaps, reset, seek, set, backup };
    }

    private static async Task<int> ShowAsync(CliContext context, ParseResult parsed, CancellationToken ct)
    {
        var definition = PipelineArguments.Load(parsed);
        var name = definition.StateName;
        await using var store = PipelineArguments.OpenExistingState(parsed, definition, context);
        var state = await store.ReadAsync(name, ct).ConfigureAwait(false)
            ?? throw new WrongInputException($"Pipeline '{name}' has no state in {PipelineArguments.StateFolder(parsed, definition)}: it has not run yet.");
        var history = await store.HistoryAsync(name, 5, ct).ConfigureAwait(false);
        if (parsed.GetValue(Json))
        {
            context.Out.WriteLine(ToJson(state));
            return ExitCode.Done;
        }

        var checkpoint = state.Checkpoint;
        context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: generation {checkpoint.Generation}, epoch {checkpoint.Epoch}, commit {checkpoint.Sequence}, updated {state.Updated:u}"));
        var counters = checkpoint.Counters;
        context.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  {counters.Read:N0} read = {counters.Delivered:N0} delivered + {counters.Filtered:N0} filtered + {counters.DeadLettered:N0} dead letters + {counters.Unaccounted:N0} unaccounted"));
        context.Out.WriteLine(checkpoint.Splits.Count == 1 ? "  1 split:" : string.Create(CultureInfo.InvariantCulture, $"  {checkpoint.Splits.Count:N0} splits:"));
        foreach (var (split, position) in checkpoint.Splits.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    {split}  offset {position.Offset:N0}{StatusIn(position)}"));
        }

        foreach (var entry in history)
        {
            context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {entry.At:u} {entry.Event.ToWords()} by {entry.Owner}{(entry.Detail is null ? "" : ": " + entry.Detail)}"));
        }

        return ExitCode.Done;
    }

    private static async Task<int> GapsAsync(CliContext context, ParseResult parsed, CancellationToken ct)
    {
        var definition = PipelineArguments.Load(parsed);
        var name = definition.StateName;
        await using var store = PipelineArguments.OpenExistingState(parsed, definition, context);
        var history = await store.HistoryAsync(name, int.MaxValue, ct).ConfigureAwait(false);
        var gaps = SourceGap.Ledger(
            history.Where(entry => entry is { Event: HistoryEvent.Gap, Detail: not null }).Select(entry => SourceGap.Parse(entry.Detail!)).Reverse()).ToList();
        if (parsed.GetValue(Json))
        {
            gaps.ForEach(gap => context.Out.WriteLine(gap.ToString()));
            return ExitCode.Done;
        }

        context.Out.WriteLine(gaps.Count == 0 ? $"{name}: no gaps." : $"{name}: {gaps.Count} gaps, oldest first:");
        foreach (var gap in gaps)
        {
            var missing = gap.Missing is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known:N0} missing ({gap.Last} to {gap.Next})") : "unknown what is missing";
            var filled = gap.Filled is { } found ? string.Create(CultureInfo.InvariantCulture, $", filled with {found:N0}") : gap.Unfilled is { } why ? $", not filled: {why}" : "";
            context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {gap.From:u} {(gap.To - gap.From).TotalSeconds:N1} s  {missing}{filled}: {gap.Reason}"));
        }

        return ExitCode.Done;
    }

    private static async Task<int> BackupAsync(CliContext context, ParseResult parsed, CancellationToken ct)
    {
        var copy = parsed.GetRequiredValue(Copy);
        await SqliteStateStore.BackupAsync(parsed.GetRequiredValue(CopiedFolder), copy, ct).ConfigureAwait(false);
        context.Out.WriteLine($"State copied to {copy}.");
        return ExitCode.Done;
    }

    private static async Task<int> ResetAsync(CliContext context, ParseResult parsed, CancellationToken ct)
    {
        var definition = PipelineArguments.Load(parsed);
        var name = definition.StateName;
        await using var store = PipelineArguments.OpenExistingState(parsed, definition, context);
        using var held = PipelineLock.Acquire(PipelineArguments.StateFolder(parsed, definition), definition.Name, parsed.GetValue(PipelineArguments.Instance), context.Time);
        var known = await store.ResetAsync(name, RunOwner.Current, !parsed.GetValue(KeepDeadLetters), ct).ConfigureAwait(false);
        context.Out.WriteLine(known ? $"{name}: state reset; the next run starts over." : $"{name}: nothing to reset; it has not run yet.");
        return ExitCode.Done;
    }

    private static async Task<int> SeekAsync(CliContext context, ParseResult parsed, CancellationToken ct)
    {
        var definition = PipelineArguments.Load(parsed);
        var name = definition.StateName;
        var offset = parsed.GetValue(Offset);
        var (split, position) = await TargetAsync(context, parsed, definition, offset, ct).ConfigureAwait(false);
        await MoveAsync(context, parsed, definition, split, position, ct).ConfigureAwait(false);
        context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: the next run goes on after offset {offset:N0}. What the sink holds stays as it is."));
        return ExitCode.Done;
    }

    private static async Task<(string Split, SplitPosition Position)> TargetAsync(
        CliContext context, ParseResult parsed, PipelineDefinition definition, long offset, CancellationToken ct)
    {
        try
        {
            if (parsed.GetValue(Split) is not { } named)
            {
                return SeekTarget.At(definition.Source, offset);
            }

            await using var store = PipelineArguments.OpenExistingState(parsed, definition, context);
            return SeekTarget.In(await store.ReadAsync(definition.StateName, ct).ConfigureAwait(false), named, offset);
        }
        catch (OptionException refused)
        {
            throw new WrongInputException(refused.Message);
        }
    }

    private static async Task<int> SetAsync(CliContext context, ParseResult parsed, CancellationToken ct)
    {
        var definition = PipelineArguments.Load(parsed);
        var position = parsed.GetRequiredValue(SetPosition);
        try
        {
            using var json = JsonDocument.Parse(position);
        }
        catch (JsonException)
        {
            throw new WrongInputException($"--position is no JSON object: {position}");
        }

        var split = parsed.GetRequiredValue(SetSplit);
        await MoveAsync(context, parsed, definition, split, new SplitPosition(parsed.GetValue(SetOffset), position), ct).ConfigureAwait(false);
        context.Out.WriteLine($"{definition.StateName}: the next run goes on there in {split}.");
        return ExitCode.Done;
    }

    private static async Task MoveAsync(
        CliContext context, ParseResult parsed, PipelineDefinition definition, string split, SplitPosition position, CancellationToken ct)
    {
        var folder = PipelineArguments.StateFolder(parsed, definition);
        using var held = PipelineLock.Acquire(folder, definition.Name, parsed.GetValue(PipelineArguments.Instance), context.Time);
        await using var store = SqliteStateStore.Open(folder, context.Time);
        await store.SeekAsync(definition.StateName, split, position, RunOwner.Current, ct).ConfigureAwait(false);
    }

    // A source whose splits come to an end says in the position how far they are.
    private static string StatusIn(SplitPosition position)
    {
        if (position.Json.Length == 0)
        {
            return "";
        }

        using var json = JsonDocument.Parse(position.Json);
        return json.RootElement.ValueKind == JsonValueKind.Object
            && json.RootElement.TryGetProperty("status", out var status) && status.ValueKind == JsonValueKind.String ? $"  {status}" : "";
    }

    private static string ToJson(PipelineState state)
    {
        var counters = state.Checkpoint.Counters;
        return JsonSerializer.Serialize(new
        {
            pipeline = state.Pipeline,
            generation = state.Checkpoint.Generation,
            epoch = state.Checkpoint.Epoch,
            sequence = state.Checkpoint.Sequence,
            read = counters.Read,
            delivered = counters.Delivered,
            filtered = counters.Filtered,
            deadLettered = counters.DeadLettered,
            unaccounted = counters.Unaccounted,
            splits = state.Checkpoint.Splits.ToDictionary(pair => pair.Key, pair => new { offset = pair.Value.Offset, position = pair.Value.Json }),
        }, Readable);
    }
}
