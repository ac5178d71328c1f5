using System.CommandLine;
using DataFlow.Engine.Configuration;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow validate</c>: checks a pipeline file.</summary>
internal static class ValidateCommand
{
    private static readonly Option<bool> Connect = new("--connect") { Description = "Also try the systems that source and sink name." };

    public static Command Create(CliContext context)
    {
        var command = new Command("validate", "Check a pipeline file. Offline, unless --connect is given.") { PipelineArguments.File, Connect };
        command.SetAction((parsed, ct) => ValidateAsync(context, parsed, ct));
        return command;
    }

    private static async Task<int> ValidateAsync(CliContext context, ParseResult parsed, CancellationToken ct)
    {
        var definition = PipelineArguments.Load(parsed);
        IReadOnlyList<ConfigurationProblem> problems =
        [
            .. GuaranteeExplanation.Of(definition).Problems,
            .. await definition.CheckConnectorsAsync().ConfigureAwait(false),
        ];
        if (problems.Count > 0)
        {
            throw new ConfigurationException(problems);
        }

        definition.CreateTransforms();
        if (parsed.GetValue(Connect))
        {
            var source = definition.CreateSource();
            await using (source.ConfigureAwait(false))
            {
                await CheckAsync(source, ct).ConfigureAwait(false);
            }

            var sink = definition.CreateSink();
            await using (sink.ConfigureAwait(false))
            {
                await CheckAsync(sink, ct).ConfigureAwait(false);
            }
        }

        context.Out.WriteLine($"{parsed.GetRequiredValue(PipelineArguments.File)}: valid.");
        return ExitCode.Done;
    }

    private static ValueTask CheckAsync(object connector, CancellationToken ct) =>
        connector is IConnectionCheck check ? check.CheckAsync(ct) : ValueTask.CompletedTask;
}
