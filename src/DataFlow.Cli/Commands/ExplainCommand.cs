using System.CommandLine;
using DataFlow.Engine.Configuration;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow explain</c>: what a pipeline guarantees, and why.</summary>
internal static class ExplainCommand
{
    public static Command Create(CliContext context)
    {
        var command = new Command("explain", "Say what a pipeline guarantees, and what stands in the way of more.") { PipelineArguments.File };
        command.SetAction(parsed =>
        {
            var guarantee = GuaranteeExplanation.Of(PipelineArguments.Load(parsed));
            foreach (var line in guarantee.Lines)
            {
                context.Out.WriteLine(line);
            }

            return guarantee.Problems.Count == 0 ? ExitCode.Done : throw new ConfigurationException(guarantee.Problems);
        });
        return command;
    }
}
