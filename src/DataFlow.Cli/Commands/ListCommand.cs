using System.CommandLine;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow list</c>: what pipelines can use.</summary>
internal static class ListCommand
{
    public static Command Create(CliContext context)
    {
        var command = new Command("list", "List the sources, sinks and transforms.");
        command.SetAction(_ =>
        {
            var catalogue = BuiltInCatalogue.Instance;
            Section(context.Out, "sources", catalogue.Sources.Select(source => (source.Name, source.Summary)));
            Section(context.Out, "sinks", catalogue.Sinks.Select(sink => (sink.Name, sink.Summary)));
            Section(context.Out, "transforms", catalogue.Transforms.Select(transform => (transform.Name, transform.Summary)));
            return ExitCode.Done;
        });
        return command;
    }

    private static void Section(TextWriter writer, string title, IEnumerable<(string Name, string Summary)> entries)
    {
        writer.WriteLine(title);
        foreach (var (name, summary) in entries)
        {
            writer.WriteLine($"  {name,-10} {summary}");
        }
    }
}
