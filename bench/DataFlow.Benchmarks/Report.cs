using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace DataFlow.Benchmarks;

/// <summary>Writes the results as Markdown, one file per kind of processor.</summary>
internal static class Report
{
    public static void Write(Arguments arguments, IReadOnlyList<Row> rows)
    {
        var processor = ProcessorName();
        var text = new StringBuilder()
            .AppendLine(CultureInfo.InvariantCulture, $"# {processor}, {Environment.ProcessorCount} processors")
            .AppendLine()
            .AppendLine(CultureInfo.InvariantCulture, $"{arguments.Megabytes} MB of generated input, {arguments.Rounds} rounds after a warm-up, medians; contenders take turns. {RuntimeInformation.FrameworkDescription}, DuckDB {typeof(DuckDB.NET.Data.DuckDBConnection).Assembly.GetName().Version}. Load average at the end: {Load()}; above 1 or so, others were at work.")
            .AppendLine("Ratio: the contender's time over DataFlow's, round by round; above 1, DataFlow is faster.")
            .AppendLine()
            .AppendLine("```")
            .AppendLine(CultureInfo.InvariantCulture, $"dotnet run -c Release --project bench/DataFlow.Benchmarks -- --mb {arguments.Megabytes} --rounds {arguments.Rounds} --large-mb {arguments.LargeMegabytes}")
            .AppendLine("```")
            .AppendLine()
            .AppendLine("## Against the targets")
            .AppendLine()
            .Append(Targets.Table(rows));
        foreach (var mode in rows.GroupBy(row => row.Mode))
        {
            text.AppendLine().AppendLine(Heading(mode.Key, arguments)).AppendLine();
            if (mode.Key == Modes.Command)
            {
                text.AppendLine("| job | processor s | wall s | peak memory MB |").AppendLine("|---|---:|---:|---:|");
                foreach (var row in mode)
                {
                    text.AppendLine(CultureInfo.InvariantCulture, $"| {row.Job} | {row.Processor:0.000} | {row.Wall:0.000} | {row.PeakBytes / 1e6:0} |");
                }

                continue;
            }

            text.AppendLine("| job | contender | processor s | wall s | MB/s | ratio, processor | ratio, wall |")
                .AppendLine("|---|---|---:|---:|---:|---:|---:|");
            foreach (var row in mode)
            {
                var rate = row.InputBytes / (mode.Key == Modes.One ? row.Processor : row.Wall) / 1e6;
                text.AppendLine(CultureInfo.InvariantCulture,
                    $"| {row.Job} | {row.Contender} | {row.Processor:0.000} | {row.Wall:0.000} | {rate:0} | {row.ProcessorRatio:0.00} | {row.WallRatio:0.00} |");
            }
        }

        Directory.CreateDirectory(arguments.Output);
        var name = string.Concat(processor.Select(letter => char.IsAsciiLetterOrDigit(letter) ? char.ToLowerInvariant(letter) : '-'));
        var path = Path.Combine(arguments.Output, name + ".md");
        File.WriteAllText(path, text.ToString());
        Console.WriteLine($"Written to {path}");
    }

    /// <summary>A row in one line, for whoever watches.</summary>
    public static string Summary(Row row) => string.Create(CultureInfo.InvariantCulture,
        $"{row.Mode,-7} {row.Job,-36} {row.Contender,-28} processor {row.Processor:0.000} s, {row.ProcessorRatio:0.00}x  wall {row.Wall:0.000} s, {row.WallRatio:0.00}x{(row.PeakBytes == 0 ? "" : $"  peak {row.PeakBytes / 1e6:0} MB")}");

    private static string Heading(string mode, Arguments arguments) => mode switch
    {
        Modes.One => "## One thread, one processor: processor time decides",
        Modes.All => "## All processors, large batches: wall time decides",
        _ => string.Create(CultureInfo.InvariantCulture,
            $"## The published command (`dotnet publish src/DataFlow.Cli -c Release`, ReadyToRun); large files have {arguments.LargeMegabytes} MB"),
    };

    private static string Load() => File.Exists("/proc/loadavg")
        ? File.ReadAllText("/proc/loadavg").Split(' ')[0]
        : "unknown";

    private static string ProcessorName() =>
        File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown"
            : RuntimeInformation.ProcessArchitecture.ToString();
}
