using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using DataFlow.Benchmarks;

namespace DataFlow.KafkaBenchmarks;

/// <summary>Lets the contenders take turns, round by round, and writes medians.</summary>
internal static class Measurement
{
    /// <summary>Rounds that don't count: until then the runtime still compiles, on processor time of its own.</summary>
    private const int WarmUps = 8;

    /// <summary>A table of medians.</summary>
    public static string Run(IReadOnlyList<Contender> contenders, int messages, int rounds, int warmUps = WarmUps)
    {
        var cpu = contenders.ToDictionary(contender => contender, _ => new List<double>());
        var wall = contenders.ToDictionary(contender => contender, _ => new List<double>());
        var allocated = contenders.ToDictionary(contender => contender, _ => new List<double>());
        for (var round = -warmUps; round < rounds; round++)
        {
            foreach (var contender in contenders)
            {
                GC.Collect();
                var before = Processor(contender);
                var bytes = GC.GetTotalAllocatedBytes(precise: true);
                var started = Stopwatch.GetTimestamp();
                contender.Run();
                if (round >= 0)
                {
                    wall[contender].Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
                    cpu[contender].Add((Processor(contender) - before).TotalSeconds);
                    allocated[contender].Add((GC.GetTotalAllocatedBytes(precise: true) - bytes) / (double)messages);
                }
            }
        }

        var text = new StringBuilder()
            .AppendLine("| contender | messages per processor second | wall s | allocated bytes per message | ratio |")
            .AppendLine("|---|---:|---:|---:|---:|");
        foreach (var contender in contenders)
        {
            var ratio = Median(cpu[contender].Zip(cpu[contenders[0]], (ours, raw) => raw / ours));
            var bytes = contender.InProcess ? Median(allocated[contender]).ToString("0.0", CultureInfo.InvariantCulture) : "";
            text.AppendLine(CultureInfo.InvariantCulture, $"| {contender.Name} | {messages / Median(cpu[contender]):#,0} | {Median(wall[contender]):0.00} | {bytes} | {ratio:0.00} |");
        }

        return text.ToString();
    }

    /// <summary>What was measured, on what and how.</summary>
    public static string Describe(int messages, int rounds) => $"""
        # Reading from and writing to Kafka

        {messages.ToString("#,0", CultureInfo.InvariantCulture)} JSON messages of about 200 bytes with a key, 64 partitions, {rounds} rounds after {WarmUps} warm-ups, medians; contenders take turns. {RuntimeInformation.FrameworkDescription}, Confluent.Kafka {Confluent.Kafka.Library.VersionString}, {Environment.ProcessorCount} processors, brokers in a process of their own.
        Processor time is the client's alone, with all threads of the library. Ratio: the first contender's processor time over the other's, round by round.

        ```
        dotnet run -c Release --project bench/DataFlow.KafkaBenchmarks -- --messages {messages} --rounds {rounds}
        ```

        """;

    private static TimeSpan Processor(Contender contender) =>
        contender.InProcess ? ProcessorTime.OfThisProcess() : ProcessorTime.OfEndedChildren();

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
