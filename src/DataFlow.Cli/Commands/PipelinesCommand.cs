using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using DataFlow.Cli.Remote;
using DataFlow.Engine.Configuration;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow pipelines</c>: steers the pipelines of a running service.</summary>
internal static class PipelinesCommand
{
    private static readonly Argument<string> Name = new("name") { Description = "The pipeline's name." };
    private static readonly Argument<string> File = new("file") { Description = "The pipeline file, YAML or JSON. It is sent as it is; ${...} is replaced where the pipeline runs." };
    private static readonly Option<string?> OnlyState = new("--state") { Description = "Only pipelines in this state.", HelpName = "state" };
    private static readonly Option<bool> AndStart = new("--start") { Description = "Start it too." };
    private static readonly Option<bool> Json = new("--json") { Description = "Print the service's answer as it is." };
    private static readonly Option<bool> Yaml = new("--yaml") { Description = "Print the definition alone, as YAML, with secrets masked." };

    public static Command Create(CliContext context) => new("pipelines", "Look at and steer the pipelines of a running service.")
    {
        Command("list", "List the pipelines.", [OnlyState, Json], (parsed, ct) => ListAsync(context, parsed, ct)),
        Command("show", "Show a pipeline: its state and its run.", [Name, Json, Yaml], (parsed, ct) => ShowAsync(context, parsed, ct)),
        Command("add", "Add a pipeline.", [File, AndStart], (parsed, ct) => AddAsync(context, parsed, ct)),
        Command("plan", "Say what a changed pipeline file would do to the pipeline.", [File], (parsed, ct) => PlanAsync(context, parsed, ct)),
        Command("change", "Change the definition of a pipeline that does not run.", [File], (parsed, ct) => ChangeAsync(context, parsed, ct)),
        Verb(context, "start", "Start a pipeline, from where it stands."),
        Verb(context, "stop", "Stop a pipeline: no more intake, drain, commit."),
        Verb(context, "pause", "Pause a running pipeline."),
        Verb(context, "resume", "Let a paused pipeline go on."),
        Verb(context, "recover", "Clear the failure of a pipeline; it is stopped then."),
        Command("remove", "Remove a pipeline that does not run, with its state and dead letters.", [Name], (parsed, ct) => RemoveAsync(context, parsed, ct)),
    };

    private static Command Verb(CliContext context, string verb, string description) => Command(verb, description, [Name], async (parsed, ct) =>
    {
        using var service = ServiceArguments.Connect(parsed);
        var answer = await service.PostAsync($"{PathOf(parsed.GetRequiredValue(Name))}/{verb}", ct).ConfigureAwait(false);
        context.Out.WriteLine($"{answer.Json["name"]}: {answer.Json["state"]}");
    });

    private static Command Command(string name, string description, IEnumerable<Symbol> parts, Func<ParseResult, CancellationToken, Task> action)
    {
        var command = new Command(name, description);
        foreach (var part in parts)
        {
            if (part is Argument argument)
            {
                command.Arguments.Add(argument);
            }
            else
            {
                command.Options.Add((Option)part);
            }
        }

        command.Options.Add(ServiceArguments.Server);
        command.Options.Add(ServiceArguments.Key);
        command.SetAction(async (parsed, ct) =>
        {
            await action(parsed, ct).ConfigureAwait(false);
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task ListAsync(CliContext context, ParseResult parsed, CancellationToken ct)
    {
        using var service = ServiceArguments.Connect(parsed);
        var filter = parsed.GetValue(OnlyState) is { } state ? $"&state={Uri.EscapeDataString(state)}" : "";
        string? after = "";
        var found = false;
        while (after is not null)
        {
            var page = await service.GetAsync($"pipelines?limit=1000{filter}{(after.Length > 0 ? $"&after={Uri.EscapeDataString(after)}" : "")}", ct).ConfigureAwait(false);
            if (parsed.GetValue(Json))
            {
                context.Out.WriteLine(page.Text);
            }
            else
            {
                foreach (var pipeline in page.Json["items"]!.AsArray())
                {
                    found = true;
                    context.Out.WriteLine($"{pipeline!["name"],-30} {pipeline["state"],-10} {Instances(pipeline)}{Reason(pipeline)}".TrimEnd());
                }
            }

            after = page.Json["next"]?.GetValue<string>();
        }

        if (!found && !parsed.GetValue(Json))
        {
            context.Out.WriteLine("No pipelines.");
        }
    }

    private static async Task ShowAsync(CliContext context, ParseResult parsed, CancellationToken ct)
    {
        using var service = ServiceArguments.Connect(parsed);
        var path = PathOf(parsed.GetRequiredValue(Name));
        if (parsed.GetValue(Yaml))
        {
            context.Out.Write((await service.GetAsync(path, ct, "application/yaml").ConfigureAwait(false)).Text);
            return;
        }

        var answer = await service.GetAsync(path, ct).ConfigureAwait(false);
        if (parsed.GetValue(Json))
        {
            context.Out.WriteLine(answer.Text);
            return;
        }

        var pipeline = answer.Json;
        context.Out.WriteLine($"{pipeline["name"]}: {pipeline["state"]}, version {pipeline["version"]}{Suffix(Reason(pipeline))}");
        if (pipeline["run"] is { } run)
        {
            var counters = run["counters"]!;
            context.Out.WriteLine($"  runs on {run["node"]}: {run["state"]}{Suffix(Reason(run))}");
            context.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {Number(counters, "read"):N0} read = {Number(counters, "delivered"):N0} delivered + {Number(counters, "filtered"):N0} filtered + {Number(counters, "deadLettered"):N0} dead letters + {Number(counters, "unaccounted"):N0} in flight"));
        }

        ShowInstances(context, pipeline);
    }

    // Behind the last line of a pipeline that runs as several: what each of them does, and where.
    private static void ShowInstances(CliContext context, JsonNode pipeline)
    {
        foreach (var instance in pipeline["instances"]?.AsArray() ?? [])
        {
            context.Out.WriteLine($"  {instance!["name"],-28} {instance["state"],-10} {instance["node"] ?? "-",-12} {Reason(instance)}".TrimEnd());
        }
    }

    private static string Instances(JsonNode pipeline) => pipeline["instances"] is JsonArray instances ? $"{instances.Count} instances. " : "";

    private static async Task AddAsync(CliContext context, ParseResult parsed, CancellationToken ct)
    {
        using var service = ServiceArguments.Connect(parsed);
        var (name, definition) = Read(parsed);
        var start = parsed.GetValue(AndStart);
        var answer = await service.PostAsync($"pipelines?name={Uri.EscapeDataString(name)}&start={(start ? "true" : "false")}", ct, definition).ConfigureAwait(false);
        context.Out.WriteLine($"{answer.Json["name"]}: {answer.Json["state"]}");
    }

    private static async Task PlanAsync(CliContext context, ParseResult parsed, CancellationToken ct)
    {
        using var service = ServiceArguments.Connect(parsed);
        var (name, definition) = Read(parsed);
        var plan = (await service.PostAsync($"{PathOf(name)}/plan", ct, definition).ConfigureAwait(false)).Json;
        context.Out.WriteLine($"{name}: {plan["outcome"]}. {plan["explanation"]}");
        foreach (var change in plan["changes"]!.AsArray())
        {
            context.Out.WriteLine($"  {change!["key"]}: {change["before"] ?? "-"} -> {change["after"] ?? "-"}");
        }
    }

    private static async Task ChangeAsync(CliContext context, ParseResult parsed, CancellationToken ct)
    {
        using var service = ServiceArguments.Connect(parsed);
        var (name, definition) = Read(parsed);
        var current = await service.GetAsync(PathOf(name), ct).ConfigureAwait(false);
        var changed = await service.PutAsync(PathOf(name), definition, current.Version, ct).ConfigureAwait(false);
        context.Out.WriteLine($"{name}: version {changed.Json["version"]}");
    }

    private static async Task RemoveAsync(CliContext context, ParseResult parsed, CancellationToken ct)
    {
        using var service = ServiceArguments.Connect(parsed);
        var name = parsed.GetRequiredValue(Name);
        var current = await service.GetAsync(PathOf(name), ct).ConfigureAwait(false);
        await service.DeleteAsync(PathOf(name), current.Version, ct).ConfigureAwait(false);
        context.Out.WriteLine($"{name}: removed");
    }

    private static (string Name, string Definition) Read(ParseResult parsed)
    {
        var path = parsed.GetRequiredValue(File);
        var text = PipelineFile.ReadText(path);
        return (PipelineFile.NameIn(text) ?? Path.GetFileNameWithoutExtension(path), text);
    }

    private static string PathOf(string name) => $"pipelines/{Uri.EscapeDataString(name)}";

    private static string Reason(JsonNode node) => node["reason"]?.GetValue<string>() ?? "";

    private static string Suffix(string reason) => reason.Length > 0 ? $" ({reason})" : "";

    private static long Number(JsonNode node, string name) => node[name]!.GetValue<long>();
}
