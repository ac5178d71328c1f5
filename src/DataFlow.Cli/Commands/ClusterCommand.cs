using System.CommandLine;
using DataFlow.Cli.Remote;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow cluster</c>: looks at the nodes of a running service.</summary>
internal static class ClusterCommand
{
    public static Command Create(CliContext context)
    {
        var status = new Command("status", "List the nodes, how they stand, and how many pipelines each runs.") { ServiceArguments.Server, ServiceArguments.Key };
        status.SetAction(async (parsed, ct) =>
        {
            using var service = ServiceArguments.Connect(parsed);
            var nodes = (await service.GetAsync("nodes", ct).ConfigureAwait(false)).Json["items"]!.AsArray();
            foreach (var node in nodes)
            {
                var here = node!["isThisNode"]!.GetValue<bool>() ? " (answers)" : "";
                context.Out.WriteLine($"{node["name"],-24} {node["membership"],-12} {node["pipelines"],6} pipelines  {node["version"],-10} {node["address"]}{here}");
            }

            return ExitCode.Done;
        });
        return new Command("cluster", "Look at the nodes of a running service.") { status };
    }
}
