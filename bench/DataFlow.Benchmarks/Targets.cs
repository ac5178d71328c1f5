using System.Globalization;
using System.Text;

namespace DataFlow.Benchmarks;

/// <summary>What has to be reached, and the figure that tells whether it was.</summary>
/// <param name="Text">What is measured.</param>
/// <param name="Least">Bound that must be kept: a least value, or a most one when <paramref name="IsUpperBound"/>.</param>
/// <param name="Aim">What would be good; null when the bound is all there is.</param>
/// <param name="Unit">After the figure.</param>
/// <param name="IsUpperBound">True when less is better.</param>
/// <param name="Mode">Mode of the row that is looked at.</param>
/// <param name="Job">Its job.</param>
/// <param name="Contender">How its contender's name starts.</param>
/// <param name="Figure">The figure of that row.</param>
internal sealed record Target(
    string Text, double Least, double? Aim, string Unit, bool IsUpperBound, string Mode, string Job, string Contender, Func<Row, double> Figure);

/// <summary>The targets of this product.</summary>
internal static class Targets
{
    private static readonly Target[] All =
    [
        AgainstDuckDb("CSV -> NDJSON", 7, 12),
        AgainstDuckDb("NDJSON -> NDJSON, rows copied", 4.5, 8),
        AgainstDuckDb("NDJSON -> NDJSON, re-serialised", 4.5, 8),
        AgainstDuckDb("NDJSON, filter -> CSV", 3, 5),
        new("CSV -> NDJSON into a file, speed of a plain copy of as many bytes, wall time",
            0.6, 0.85, "x", false, Modes.One, "CSV -> NDJSON into a file", "plain copy", row => row.WallRatio),
        .. Jobs.Names.Where(job => !job.EndsWith("a file", StringComparison.Ordinal)).Select(AgainstOneWorker),
        new("10 rows with the published command, start to end", 0.4, null, " s", true, Modes.Command, CommandRuns.StartUp, "", row => row.Wall),
        Memory(CommandRuns.LargeCsv),
        Memory(CommandRuns.LargeNdjson),
    ];

    /// <summary>The targets beside what was reached, as Markdown; those whose job was not run are left out.</summary>
    public static string Table(IReadOnlyList<Row> rows)
    {
        var text = new StringBuilder().AppendLine("| job | target | aim | reached | |").AppendLine("|---|---:|---:|---:|---|");
        foreach (var target in All)
        {
            var row = rows.FirstOrDefault(row => row.Mode == target.Mode && row.Job == target.Job
                && row.Contender.StartsWith(target.Contender, StringComparison.Ordinal));
            if (row is not null)
            {
                var reached = target.Figure(row);
                var isKept = target.IsUpperBound ? reached <= target.Least : reached >= target.Least;
                text.AppendLine(CultureInfo.InvariantCulture,
                    $"| {target.Text} | {(target.IsUpperBound ? "at most " : "")}{target.Least}{target.Unit} | {target.Aim}{(target.Aim is null ? "" : target.Unit)} | {reached:0.00}{target.Unit} | {(isKept ? "reached" : "**missed**")} |");
            }
        }

        return text.ToString();
    }

    private static Target AgainstDuckDb(string job, double least, double aim) =>
        new($"{job}, against DuckDB, processor time", least, aim, "x", false, Modes.One, job, "DuckDB", row => row.ProcessorRatio);

    private static Target AgainstOneWorker(string job) =>
        new($"{job}, all processors against one", 1.4, null, "x", false, Modes.All, job, "DataFlow, 1 worker", row => row.WallRatio);

    private static Target Memory(string job) =>
        new($"{job}, peak memory", 150, null, " MB", true, Modes.Command, job, "", row => row.PeakBytes / 1e6);
}
