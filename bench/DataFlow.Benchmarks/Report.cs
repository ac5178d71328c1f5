using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace DataFlow.Benchmarks;

/// <summary>Writes the results as Markdown, one file per kind of processor.</summary>
internal static class Report
{
    public static void Write(Arguments arguments, IEnumerable<string> rows)
    {
        var processor = ProcessorName();
        var text = new StringBuilder()
            .AppendLine(CultureInfo.InvariantCulture, $"# {processor}, {Environment.ProcessorCount} processors")
            .AppendLine()
            .AppendLine(CultureInfo.InvariantCulture, $"{arguments.Megabytes} MB of generated input, {arguments.Rounds} rounds after one warm-up, medians; contenders take turns. {RuntimeInformation.FrameworkDescription}, DuckDB {typeof(DuckDB.NET.Data.DuckDBConnection).Assembly.GetName().Version}.")
            .AppendLine("Ratio: the contender's time over DataFlow's, round by round; above 1, DataFlow is faster.")
            .AppendLine()
            .AppendLine("```")
            .AppendLine(CultureInfo.InvariantCulture, $"dotnet run -c Release --project bench/DataFlow.Benchmarks -- --mb {arguments.Megabytes} --rounds {arguments.Rounds}")
            .AppendLine("```");
        foreach (var mode in rows.Select(row => row.Split('|')).GroupBy(cells => cells[1]))
        {
            text.AppendLine()
                .AppendLine(mode.Key == "one" ? "## One thread, one processor: processor time decides" : "## All processors, large batches: wall time decides")
                .AppendLine()
                .AppendLine("| job | contender | processor s | wall s | MB/s | ratio |")
                .AppendLine("|---|---|---:|---:|---:|---:|");
            foreach (var cells in mode)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"| {cells[2]} | {cells[3]} | {cells[4]} | {cells[5]} | {cells[6]} | {cells[7]} |");
            }
        }

        Directory.CreateDirectory(arguments.Output);
        var name = string.Concat(processor.Select(letter => char.IsAsciiLetterOrDigit(letter) ? char.ToLowerInvariant(letter) : '-'));
        var path = Path.Combine(arguments.Output, name + ".md");
        File.WriteAllText(path, text.ToString());
        Console.WriteLine($"Written to {path}");
    }

    private static string ProcessorName() =>
        File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown"
            : RuntimeInformation.ProcessArchitecture.ToString();
}
