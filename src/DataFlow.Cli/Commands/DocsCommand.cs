using System.CommandLine;
using DataFlow.Engine.Configuration;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow docs</c>: writes the reference.</summary>
internal static class DocsCommand
{
    private static readonly Option<string> Folder = new("--out") { Description = "Where to write.", DefaultValueFactory = _ => "docs/reference", HelpName = "folder" };

    public static Command Create(CliContext context)
    {
        var command = new Command("docs", "Write the option reference as Markdown, and the JSON Schema.") { Folder };
        command.SetAction(parsed =>
        {
            var folder = parsed.GetRequiredValue(Folder);
            foreach (var (name, text) in ReferenceWriter.Write(BuiltInCatalogue.Instance))
            {
                var path = Path.Combine(folder, name);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllText(path, text);
                context.Out.WriteLine(path);
            }

            return ExitCode.Done;
        });
        return command;
    }
}
