using System.CommandLine;
using DataFlow.Engine.Configuration;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow schema</c>: the JSON Schema of pipeline files, for editors.</summary>
internal static class SchemaCommand
{
    public static Command Create(CliContext context)
    {
        var command = new Command("schema", "Print the JSON Schema of pipeline files, for completion and checks in editors.");
        command.SetAction(_ =>
        {
            context.Out.Write(JsonSchemaWriter.Write(BuiltInCatalogue.Instance));
            return ExitCode.Done;
        });
        return command;
    }
}
