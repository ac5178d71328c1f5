using System.CommandLine;
using DataFlow.Cli.Serving;
using DataFlow.Engine.Configuration;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow serve</c>: runs many pipelines as a service. Nothing of the service is loaded before it is asked for.</summary>
internal static class ServeCommand
{
    private static readonly Argument<string[]> Files = new("file") { Description = "Pipeline files, or folders with some. New ones are added and started.", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<string?> State = new("--state") { Description = "Folder for locks and journals, and for the state of a single node. Default: .dataflow in the root.", HelpName = "folder" };
    private static readonly Option<string[]> Listen = new("--listen") { Description = "Where the API listens; may be given several times. Default: http://127.0.0.1:5080.", HelpName = "url" };
    private static readonly Option<string?> Database = new("--database") { Description = "PostgreSQL database that holds the state of all nodes. Left out: the state folder, for a single node.", HelpName = "connection" };
    private static readonly Option<string[]> Root = new("--root") { Description = "Folder that pipelines may read and write files in, besides those of the pipeline files; may be given several times. Relative paths of pipelines that come over the API start in the first one. Default: the current folder.", HelpName = "folder" };
    private static readonly Option<string?> Node = new("--node") { Description = "The node's name, unique in the cluster. Default: the host's name.", HelpName = "name" };
    private static readonly Option<string?> Address = new("--address") { Description = "Where the other nodes reach this node's API. Default: the first address it listens on.", HelpName = "url" };
    private static readonly Option<string?> ClusterHost = new("--cluster-host") { Description = "Host name that the other nodes reach this one by, the same text as in their seeds. Default: 127.0.0.1.", HelpName = "host" };
    private static readonly Option<int?> ClusterPort = new("--cluster-port") { Description = "Port of the cluster protocol. Only nodes talk there. Default: a free one.", HelpName = "port" };
    private static readonly Option<string[]> Seed = new("--seed") { Description = "A node to ask for membership, as host:port; the same list on all nodes. Its first one may found the cluster.", HelpName = "host:port" };
    private static readonly Option<int?> Nodes = new("--nodes") { Description = "How many nodes there are meant to be: 1, or an odd number from 3. Fewer than a majority run nothing. Default: 1.", HelpName = "number" };
    private static readonly Option<string?> LogFormat = new("--log-format") { Description = "How log lines are written: text, or json with the pipeline's name as a field. Default: text.", HelpName = "format" };
    private static readonly Option<string?> FreshnessLimit = new("--freshness-limit") { Description = "A pipeline counts as degraded when records have waited for longer than this, such as 90s or 10m. Default: 5m.", HelpName = "time" };
    private static readonly Option<string?> Settings = new("--settings") { Description = "JSON file with these options, such as {\"listen\": [\"http://127.0.0.1:5080\"]}.", HelpName = "file" };

    public static Command Create(CliContext context)
    {
        var command = new Command(
            "serve",
            "Run many pipelines as a service, watched and steered over HTTP, on one node or several. Each option may also be given as an environment variable (DATAFLOW_CLUSTER_HOST) or in a settings file; the command line wins, then the environment.")
        {
            Files, State, Listen, Database, Root, Node, Address, ClusterHost, ClusterPort, Seed, Nodes, Settings,
        };
        foreach (var option in SecurityArguments.All)
        {
            command.Add(option);
        }

        command.Add(LogFormat);
        command.Add(FreshnessLimit);
        command.SetAction(parsed => ServeAsync(context, parsed));
        return command;
    }

    private static Task<int> ServeAsync(CliContext context, ParseResult parsed)
    {
        var settings = new ServeSettings(parsed.GetValue(Settings));
        var roots = (Given(parsed.GetValue(Root)) ?? settings.List("root")) is { Count: > 0 } given ? given : ["."];
        var root = Path.GetFullPath(roots[0]);
        var files = parsed.GetValue(Files) ?? [];
        var state = Path.GetFullPath(parsed.GetValue(State) ?? settings.Text("state") ?? Path.Combine(root, ".dataflow"));
        var options = new ServeOptions
        {
            Files = files,
            Root = root,
            State = state,
            Confinement = SecurityArguments.Confinement(parsed, settings, files, roots, state),
            Security = SecurityArguments.Security(parsed, settings),
            IsLogJson = LogFormatOf(parsed.GetValue(LogFormat) ?? settings.Text("log-format")),
            FreshnessLimit = (parsed.GetValue(FreshnessLimit) ?? settings.Text("freshness-limit")) is { } limit ? TimeOf(limit) : null,
            Listen = Given(parsed.GetValue(Listen)) ?? settings.List("listen"),
            Database = parsed.GetValue(Database) ?? settings.Text("database"),
            Node = parsed.GetValue(Node) ?? settings.Text("node"),
            Address = parsed.GetValue(Address) ?? settings.Text("address"),
            ClusterHost = parsed.GetValue(ClusterHost) ?? settings.Text("cluster-host"),
            ClusterPort = parsed.GetValue(ClusterPort) ?? settings.Number("cluster-port"),
            Seeds = Given(parsed.GetValue(Seed)) ?? settings.List("seed"),
            Nodes = parsed.GetValue(Nodes) ?? settings.Number("nodes"),
            Settings = settings.Configuration,
            Verbose = parsed.GetValue<bool>("--verbose"),
        };
        return new ServiceProcess(context, options).RunAsync();
    }

    private static bool LogFormatOf(string? format) => format switch
    {
        null or "text" => false,
        "json" => true,
        _ => throw new WrongInputException($"log-format is '{format}'; it is text or json."),
    };

    private static TimeSpan TimeOf(string text) => DurationText.TryParse(text, "s", out var time) && time > TimeSpan.Zero
        ? time
        : throw new WrongInputException($"freshness-limit is '{text}', which is no time; give one such as 90s or 10m.");

    private static IReadOnlyList<string>? Given(string[]? values) => values is { Length: > 0 } ? values : null;
}
