using System.Diagnostics;
using System.Text;

namespace DataFlow.IntegrationTests;

/// <summary>The built command, run as a user's shell would run it.</summary>
internal static class Cli
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(Environment.GetEnvironmentVariable("DATAFLOW_SOAK") is null ? 2 : 30);

    public static async Task<CliResult> RunAsync(string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        using var process = Start(folder, arguments, environment);
        return await FinishAsync(process);
    }

    public static Task<CliResult> RunAsync(string folder, params string[] arguments) => RunAsync(folder, arguments, null);

    public static Process Start(string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "DataFlow.Cli.dll"), .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment["NO_COLOR"] = "1";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    public static async Task<CliResult> FinishAsync(Process process)
    {
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"The command did not end within {Limit}. It said: {await error}");
        }

        return new CliResult(process.ExitCode, await output, await error);
    }
}

/// <summary>What a command said.</summary>
internal sealed record CliResult(int ExitCode, string Out, string Error)
{
    /// <summary>What SIGKILL leaves behind as the exit code.</summary>
    public const int Killed = 137;

    public void Succeeded() => Assert.True(ExitCode == 0, $"exit code {ExitCode}\n{Out}\n{Error}");
}
