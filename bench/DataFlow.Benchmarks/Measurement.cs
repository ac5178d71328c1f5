using System.Diagnostics;
using System.Globalization;

namespace DataFlow.Benchmarks;

/// <summary>Runs a job's contenders in turn, round by round, so that a noisy neighbour hits all of them, and prints medians.</summary>
internal static class Measurement
{
    public static void Run(Job job, int rounds, bool oneThread)
    {
        var cpu = job.Contenders.ToDictionary(contender => contender, _ => new List<double>());
        var wall = job.Contenders.ToDictionary(contender => contender, _ => new List<double>());
        for (var round = -1; round < rounds; round++)
        {
            foreach (var contender in job.Contenders)
            {
                GC.Collect();
                var before = Processor(contender);
                var started = Stopwatch.GetTimestamp();
                contender.Run();
                var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
                if (round >= 0)
                {
                    cpu[contender].Add((Processor(contender) - before).TotalSeconds);
                    wall[contender].Add(elapsed);
                }
            }
        }

        var product = job.Contenders[0];
        foreach (var contender in job.Contenders)
        {
            // Ratios are taken round by round, then their median: a slow minute slows both sides of a pair.
            var figures = oneThread ? cpu : wall;
            var ratio = Median(figures[contender].Zip(figures[product], (theirs, ours) => theirs / ours));
            var seconds = Median(figures[contender]);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"row|{(oneThread ? "one" : "all")}|{job.Name}|{contender.Name}|{Median(cpu[contender]):0.000}|{Median(wall[contender]):0.000}|{job.InputBytes / seconds / 1e6:0}|{ratio:0.00}"));
        }
    }

    private static TimeSpan Processor(Contender contender) =>
        contender.InProcess ? ProcessorTime.OfThisProcess() : ProcessorTime.OfEndedChildren();

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
