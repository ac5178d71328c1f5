using System.CommandLine;
using DataFlow.Cli.Serving;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow serve</c>: runs many pipelines as a service. Nothing of the service is loaded before it is asked for.</summary>
internal static class ServeCommand
{
    private static readonly Argument<string[]> Files = new("file") { Description = "Pipeline files, or folders with some. New ones are added and started.", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<string?> State = new("--state") { Description = "Folder for locks and journals, and for the state of a single node. Default: .dataflow in the root.", HelpName = "folder" };
    private static readonly Option<string[]> Listen = new("--listen") { Description = "Where the API listens; may be given several times. Default: http://127.0.0.1:5080.", HelpName = "url" };
    private static readonly Option<string?> Database = new("--database") { Description = "PostgreSQL database that holds the state of all nodes. Left out: the state folder, for a single node.", HelpName = "connection" };
    private static readonly Option<string?> Root = new("--root") { Description = "Folder where relative paths of pipelines start that come over the API. Default: the current folder.", HelpName = "folder" };
    private static readonly Option<string?> Node = new("--node") { Description = "The node's name, unique in the cluster. Default: the host's name.", HelpName = "name" };
    private static readonly Option<string?> Address = new("--address") { Description = "Where the other nodes reach this node's API. Default: the first address it listens on.", HelpName = "url" };
    private static readonly Option<string?> ClusterHost = new("--cluster-host") { Description = "Host name that the other nodes reach this one by, the same text as in their seeds. Default: 127.0.0.1.", HelpName = "host" };
    private static readonly Option<int?> ClusterPort = new("--cluster-port") { Description = "Port of the cluster protocol. Only nodes talk there. Default: a free one.", HelpName = "port" };
    private static readonly Option<string[]> Seed = new("--seed") { Description = "A node to ask for membership, as host:port; the same list on all nodes. Its first one may found the cluster.", HelpName = "host:port" };
    private static readonly Option<int?> Nodes = new("--nodes") { Description = "How many nodes there are meant to be: 1, or an odd number from 3. Fewer than a majority run nothing. Default: 1.", HelpName = "number" };
    private static readonly Option<string?> Settings = new("--settings") { Description = "JSON file with these options, such as {\"listen\": [\"http://127.0.0.1:5080\"]}.", HelpName = "file" };

    public static Command Create(CliContext context)
    {
        var command = new Command(
            "serve",
            "Run many pipelines as a service, watched and steered over HTTP, on one node or several. Each option may also be given as an environment variable (DATAFLOW_CLUSTER_HOST) or in a settings file; the command line wins, then the environment.")
        {
            Files, State, Listen, Database, Root, Node, Address, ClusterHost, ClusterPort, Seed, Nodes, Settings,
        };
        command.SetAction(parsed => ServeAsync(context, parsed));
        return command;
    }

    private static Task<int> ServeAsync(CliContext context, ParseResult parsed)
    {
        var settings = new ServeSettings(parsed.GetValue(Settings));
        var root = Path.GetFullPath(parsed.GetValue(Root) ?? settings.Text("root") ?? ".");
        var options = new ServeOptions
        {
            Files = parsed.GetValue(Files) ?? [],
            Root = root,
            State = Path.GetFullPath(parsed.GetValue(State) ?? settings.Text("state") ?? Path.Combine(root, ".dataflow")),
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

    private static IReadOnlyList<string>? Given(string[]? values) => values is { Length: > 0 } ? values : null;
}
