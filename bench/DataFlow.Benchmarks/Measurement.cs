using System.Diagnostics;

namespace DataFlow.Benchmarks;

/// <summary>Runs a job's contenders in turn, round by round, so that a noisy neighbour hits all of them, and prints medians.</summary>
internal static class Measurement
{
    /// <summary>Until each contender has run for so long, its code is still being compiled.</summary>
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    public static void Run(Job job, int rounds, string mode)
    {
        foreach (var contender in job.Contenders)
        {
            for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < WarmUp;)
            {
                contender.Run();
            }
        }

        var processor = job.Contenders.ToDictionary(contender => contender, _ => new List<double>());
        var wall = job.Contenders.ToDictionary(contender => contender, _ => new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            foreach (var contender in job.Contenders)
            {
                GC.Collect();
                var before = Processor(contender);
                var started = Stopwatch.GetTimestamp();
                contender.Run();
                wall[contender].Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
                processor[contender].Add((Processor(contender) - before).TotalSeconds);
            }
        }

        var product = job.Contenders[0];
        foreach (var contender in job.Contenders)
        {
            Console.WriteLine(new Row(
                mode,
                job.Name,
                contender.Name,
                Median(processor[contender]),
                Median(wall[contender]),
                job.InputBytes,
                Ratio(processor[contender], processor[product]),
                Ratio(wall[contender], wall[product]),
                PeakBytes: 0).ToLine());
        }
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    /// <summary>Ratios are taken round by round, then their median: a slow minute slows both sides of a pair.</summary>
    private static double Ratio(List<double> theirs, List<double> ours) => Median(theirs.Zip(ours, (their, our) => their / our));

    private static TimeSpan Processor(Contender contender) =>
        contender.InProcess ? ProcessorTime.OfThisProcess() : ProcessorTime.OfEndedChildren();
}
