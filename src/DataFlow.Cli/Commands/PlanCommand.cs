using System.CommandLine;
using DataFlow.Engine.Configuration;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow plan</c>: compares two pipeline files.</summary>
internal static class PlanCommand
{
    private static readonly Argument<string> Old = new("old") { Description = "The pipeline file as it is." };
    private static readonly Argument<string> New = new("new") { Description = "The pipeline file as it would be." };

    public static Command Create(CliContext context)
    {
        var command = new Command("plan", "Say what a change of a pipeline file does to a pipeline that has run: unchanged, restart, or would-re-read.") { Old, New };
        command.SetAction(parsed =>
        {
            var before = PipelineFile.Load(parsed.GetRequiredValue(Old), BuiltInCatalogue.Instance);
            var after = PipelineFile.Load(parsed.GetRequiredValue(New), BuiltInCatalogue.Instance);
            var plan = PipelinePlan.Compare(before, after, [SourceFingerprint.Of(before.OfInstance(1).Source).ToString()]);
            context.Out.WriteLine($"{plan.Outcome.ToWord()}. {plan.Explanation}");
            foreach (var change in plan.Changes)
            {
                context.Out.WriteLine($"  {change.Key}: {change.Before ?? "-"} -> {change.After ?? "-"}");
            }

            return ExitCode.Done;
        });
        return command;
    }
}
