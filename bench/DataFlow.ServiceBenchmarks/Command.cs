using System.Diagnostics;

namespace DataFlow.ServiceBenchmarks;

/// <summary>The published command.</summary>
internal sealed class Command
{
    private readonly string _path;

    private Command(string path) => _path = path;

    public static Command Publish(string folder)
    {
        var target = Path.Combine(folder, "command");
        using var publish = Process.Start("dotnet", ["publish", "src/DataFlow.Cli", "-c", "Release", "-o", target, "-v", "quiet", "--nologo"]);
        publish.WaitForExit();
        return publish.ExitCode == 0
            ? new Command(Path.Combine(target, OperatingSystem.IsWindows() ? "dataflow.exe" : "dataflow"))
            : throw new InvalidOperationException("dotnet publish failed; start this from the project's root.");
    }

    public Process Start(string folder, params string[] arguments) => Process.Start(new ProcessStartInfo(_path, arguments)
    {
        WorkingDirectory = folder,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
