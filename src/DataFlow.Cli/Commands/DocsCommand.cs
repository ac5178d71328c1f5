using System.CommandLine;
using DataFlow.Cli.Output;
using DataFlow.Engine.Configuration;
using DataFlow.Server.OpenApi;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow docs</c>: writes the reference.</summary>
internal static class DocsCommand
{
    private static readonly Option<string> Folder = new("--out") { Description = "Where to write.", DefaultValueFactory = _ => "docs/reference", HelpName = "folder" };

    public static Command Create(CliContext context, Command root)
    {
        var command = new Command("docs", "Write the reference of options and commands as Markdown, the JSON Schema, and the OpenAPI document.") { Folder };
        command.SetAction(async (parsed, ct) =>
        {
            foreach (var (name, text) in await PagesAsync(root, ct).ConfigureAwait(false))
            {
                Write(context, Path.Combine(parsed.GetRequiredValue(Folder), name), text);
            }

            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Text by path, relative to the reference folder.</summary>
    public static async Task<IReadOnlyList<KeyValuePair<string, string>>> PagesAsync(Command root, CancellationToken ct) =>
    [
        .. ReferenceWriter.Write(BuiltInCatalogue.Instance),
        KeyValuePair.Create(CommandReference.Page, CommandReference.Write(root)),
        KeyValuePair.Create(ApiDocument.Page, await ApiDocument.WriteAsync(ct).ConfigureAwait(false)),
    ];

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
