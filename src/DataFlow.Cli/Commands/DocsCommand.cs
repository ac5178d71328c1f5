using System.CommandLine;
using DataFlow.Cli.Output;
using DataFlow.Engine.Configuration;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow docs</c>: writes the reference.</summary>
internal static class DocsCommand
{
    private static readonly Option<string> Folder = new("--out") { Description = "Where to write.", DefaultValueFactory = _ => "docs/reference", HelpName = "folder" };

    public static Command Create(CliContext context, Command root)
    {
        var command = new Command("docs", "Write the reference of options and commands as Markdown, and the JSON Schema.") { Folder };
        command.SetAction(parsed =>
        {
            foreach (var (name, text) in Pages(root))
            {
                Write(context, Path.Combine(parsed.GetRequiredValue(Folder), name), text);
            }

            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Text by path, relative to the reference folder.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Pages(Command root) =>
        ReferenceWriter.Write(BuiltInCatalogue.Instance).Append(KeyValuePair.Create(CommandReference.Page, CommandReference.Write(root)));

    private static void Write(CliContext context, string path, string text)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new WrongInputException($"{path} can't be written: {failure.Message}");
        }

        context.Out.WriteLine(path);
    }
}
