using System.Diagnostics;
using System.Globalization;

namespace DataFlow.Benchmarks;

/// <summary>Measures in a child process: pinned to one processor for the figures of one thread, free for those of all.</summary>
internal static class Children
{
    public static async Task<List<string>> RunAsync(Arguments arguments, string mode)
    {
        List<string> command =
        [
            Environment.ProcessPath!,
            .. Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal) ? [typeof(Children).Assembly.Location] : Array.Empty<string>(),
            "--child", mode,
            "--mb", arguments.Megabytes.ToString(CultureInfo.InvariantCulture),
            "--rounds", arguments.Rounds.ToString(CultureInfo.InvariantCulture),
            "--data", arguments.Data,
            "--job", arguments.Job,
        ];
        if (mode == "one" && File.Exists("/usr/bin/taskset"))
        {
            command.InsertRange(0, ["/usr/bin/taskset", "-c", "0"]);
        }

        using var child = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true })!;
        var rows = new List<string>();
        while (await child.StandardOutput.ReadLineAsync() is { } line)
        {
            Console.WriteLine(line);
            if (line.StartsWith("row|", StringComparison.Ordinal))
            {
                rows.Add(line);
            }
        }

        await child.WaitForExitAsync();
        return child.ExitCode == 0 ? rows : throw new InvalidOperationException($"The measuring process ended with {child.ExitCode}.");
    }
}
