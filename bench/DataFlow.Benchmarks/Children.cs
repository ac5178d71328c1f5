using System.Diagnostics;
using System.Globalization;

namespace DataFlow.Benchmarks;

/// <summary>Measures in a child process: pinned to one processor for the figures of one thread, free for those of all.</summary>
internal static class Children
{
    public static async Task<List<Row>> RunAsync(Arguments arguments, string mode)
    {
        List<string> command =
        [
            Environment.ProcessPath!,
            .. Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal) ? [typeof(Children).Assembly.Location] : Array.Empty<string>(),
            "--child", mode,
            "--mb", arguments.Megabytes.ToString(CultureInfo.InvariantCulture),
            "--rounds", arguments.Rounds.ToString(CultureInfo.InvariantCulture),
            "--large-mb", arguments.LargeMegabytes.ToString(CultureInfo.InvariantCulture),
            "--data", arguments.Data,
            "--job", arguments.Job,
        ];
        if (mode == Modes.One && File.Exists("/usr/bin/taskset"))
        {
            command.InsertRange(0, ["/usr/bin/taskset", "-c", "0"]);
        }

        using var child = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true })!;
        var rows = new List<Row>();
        while (await child.StandardOutput.ReadLineAsync() is { } line)
        {
            if (Row.FromLine(line) is not { } row)
            {
                Console.WriteLine(line);
                continue;
            }

            rows.Add(row);
            Console.WriteLine(Report.Summary(row));
        }

        await child.WaitForExitAsync();
        return child.ExitCode == 0 ? rows : throw new InvalidOperationException($"The measuring process ended with {child.ExitCode}.");
    }
}
