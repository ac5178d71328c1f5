using System.CommandLine;
using DataFlow.Engine.Configuration;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow new</c>: a pipeline file to start from.</summary>
internal static class NewCommand
{
    private static readonly Argument<string> Source = new("source") { Description = "The source, as 'dataflow list' shows it." };
    private static readonly Option<string> Sink = new("--sink") { Description = "The sink.", DefaultValueFactory = _ => "file" };
    private static readonly Option<string?> Out = new("--out", "-o") { Description = "Where to write it; left out, it is printed.", HelpName = "file" };

    public static Command Create(CliContext context)
    {
        var command = new Command("new", "Write a commented pipeline file to start from.") { Source, Sink, Out };
        command.SetAction(parsed =>
        {
            var text = PipelineTemplate.Create(
                CatalogueArguments.Source(parsed.GetRequiredValue(Source)), CatalogueArguments.Sink(parsed.GetRequiredValue(Sink)));
            if (parsed.GetValue(Out) is not { } path)
            {
                context.Out.Write(text);
                return ExitCode.Done;
            }

            if (File.Exists(path))
            {
                throw new WrongInputException($"{path} is there already; choose another name.");
            }

            try
            {
                File.WriteAllText(path, text);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw new WrongInputException($"{path} can't be written: {failure.Message}");
            }

            context.Out.WriteLine($"{path} written. Next: dataflow validate {path}");
            return ExitCode.Done;
        });
        return command;
    }
}
