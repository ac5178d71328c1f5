using System.CommandLine;
using DataFlow.Engine.Configuration;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow describe</c>: everything about one source, sink or transform.</summary>
internal static class DescribeCommand
{
    private static readonly Argument<string> Role = new("role") { Description = "source, sink or transform.", HelpName = "role" };
    private static readonly Argument<string> Name = new("name") { Description = "Its name, as 'dataflow list' shows it." };

    public static Command Create(CliContext context)
    {
        Role.AcceptOnlyFromAmong("source", "sink", "transform");
        var command = new Command("describe", "Describe a source, sink or transform with all of its options.") { Role, Name };
        command.SetAction(parsed =>
        {
            Write(context.Out, CatalogueArguments.Reference(parsed.GetRequiredValue(Role), parsed.GetRequiredValue(Name)));
            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(TextWriter writer, ConnectorReference reference)
    {
        writer.WriteLine($"{reference.Role.ToString().ToLowerInvariant()} {reference.Name}: {reference.Summary}");
        if (reference.Connection is { } connection)
        {
            writer.WriteLine();
            writer.WriteLine($"connection{(connection.IsRequired ? "" : " (may be left out)")}: {connection.Description}");
        }

        foreach (var group in reference.Options.GroupBy(option => option.IsAdvanced))
        {
            writer.WriteLine();
            writer.WriteLine(group.Key ? "advanced options" : "options");
            foreach (var option in group)
            {
                var given = option.IsRequired ? "required" : option.Default is { } value ? $"default {value}" : "no default";
                writer.WriteLine($"  {option.Name} ({option.Type}; {given}{(option.IsSecret ? "; secret" : "")})");
                writer.WriteLine($"      {option.Description}");
            }
        }

        writer.WriteLine();
        writer.WriteLine("example");
        foreach (var line in reference.Example.TrimEnd().Split('\n'))
        {
            writer.WriteLine($"  {line}".TrimEnd());
        }
    }
}
