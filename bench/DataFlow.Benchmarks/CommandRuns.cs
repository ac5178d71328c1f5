using System.Diagnostics;
using System.Globalization;
using System.Reflection.PortableExecutable;

namespace DataFlow.Benchmarks;

/// <summary>Measures the published command as a process of its own: how soon it is done with little, and what memory much takes.</summary>
internal static class CommandRuns
{
    public const string StartUp = "10 rows, published command";
    public const string LargeCsv = "large CSV -> NDJSON into a file";
    public const string LargeNdjson = "large NDJSON -> NDJSON into a file";

    private const string Project = "src/DataFlow.Cli";
    private const string FewRows = "id,name,city\n1,Ada,Oslo\n2,Bob,Lima\n3,Cid,Cork\n4,Dan,Rome\n5,Eve,Bern\n6,Fay,Kiel\n7,Gus,Nice\n8,Hal,York\n9,Ida,Graz\n10,Jon,Bonn\n";

    public static void Measure(Arguments arguments, string scratch)
    {
        var command = Publish(scratch);
        var large = new BenchmarkData(arguments.Data, (long)arguments.LargeMegabytes << 20);
        if (IsWanted(StartUp))
        {
            var few = Path.Combine(scratch, "few.csv");
            File.WriteAllText(few, FewRows);
            Run(StartUp, few, "csv", Math.Max(arguments.Rounds, 9));
        }

        if (IsWanted(LargeCsv))
        {
            Run(LargeCsv, large.Csv(), "csv", rounds: 1);
        }

        if (IsWanted(LargeNdjson))
        {
            Run(LargeNdjson, large.Ndjson(), "json", rounds: 1);
        }

        bool IsWanted(string job) => job.Contains(arguments.Job, StringComparison.OrdinalIgnoreCase);

        void Run(string job, string input, string format, int rounds) =>
            Console.WriteLine(MeasureRuns(job, command, scratch, input, format, rounds).ToLine());
    }

    /// <summary>Publishes the command as users get it, and makes sure that its code is precompiled.</summary>
    private static string Publish(string scratch)
    {
        var folder = Path.Combine(scratch, "command");
        Start("dotnet", ["publish", Project, "-c", "Release", "-o", folder, "-v", "quiet", "--nologo"]).Dispose();
        foreach (var assembly in Directory.EnumerateFiles(folder, "DataFlow*.dll"))
        {
            using var image = new PEReader(File.OpenRead(assembly));
            if (image.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size == 0)
            {
                throw new InvalidOperationException($"{Path.GetFileName(assembly)} is not ReadyToRun: it holds no precompiled code.");
            }
        }

        return Path.Combine(folder, OperatingSystem.IsWindows() ? "dataflow.exe" : "dataflow");
    }

    private static Row MeasureRuns(string job, string command, string scratch, string input, string format, int rounds)
    {
        var output = Path.Combine(scratch, "out.ndjson");
        var pipeline = Path.Combine(scratch, "pipeline.yaml");
        File.WriteAllText(pipeline, $$"""
            name: bench
            source: { type: file, connection: {{input}}, options: { format: {{format}} } }
            sink: { type: file, connection: {{output}}, options: { format: ndjson, if-exists: overwrite } }
            """);
        string[] arguments = ["run", pipeline, "--fresh", "--state", Path.Combine(scratch, "state")];
        Start(command, arguments).Dispose();
        var wall = new List<double>();
        var processor = new List<double>();
        var peak = 0L;
        for (var round = 0; round < rounds; round++)
        {
            var before = ProcessorTime.OfEndedChildren();
            var started = Stopwatch.GetTimestamp();
            using var run = Start(command, arguments, process => peak = Math.Max(peak, process.PeakWorkingSet64));
            wall.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
            processor.Add((ProcessorTime.OfEndedChildren() - before).TotalSeconds);
        }

        File.Delete(output);
        return new Row(
            Modes.Command, job, "dataflow", Measurement.Median(processor), Measurement.Median(wall), new FileInfo(input).Length, 1, 1, peak);
    }

    /// <summary>Runs a command to its end and looks at it every few milliseconds: the system keeps the peak of its memory.</summary>
    private static Process Start(string command, string[] arguments, Action<Process>? look = null)
    {
        var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        while (!process.WaitForExit(TimeSpan.FromMilliseconds(5)))
        {
            process.Refresh();
            try
            {
                look?.Invoke(process);
            }
            catch (InvalidOperationException)
            {
                // It ended between the two lines.
            }
        }

        process.WaitForExit();
        return process.ExitCode == 0
            ? process
            : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
                $"{command} ended with {process.ExitCode}: {output.Result}{errors.Result}"));
    }
}
