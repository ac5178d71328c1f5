using System.Diagnostics;

namespace DataFlow.WebSocketBenchmarks;

/// <summary>Messages a second and processor time, contenders in turn.</summary>
internal static class Throughput
{
    public static async Task MeasureAsync(string address, int messages, int rounds)
    {
        var burst = $"{address}/burst?count={messages}&bytes=200";
        (string Name, Func<Task> Run)[] contenders =
        [
            ("bare ClientWebSocket", () => Contenders.BareAsync(burst, messages)),
            ("websocket source", () => Contenders.PipelineAsync(burst, messages)),
            ("websocket source, journal", () => Contenders.PipelineAsync(burst, messages, journal: true)),
        ];
        var wall = contenders.ToDictionary(contender => contender.Name, _ => new List<double>());
        var processor = contenders.ToDictionary(contender => contender.Name, _ => new List<double>());
        for (var round = 0; round <= rounds; round++)
        {
            foreach (var (name, run) in contenders)
            {
                var before = Environment.CpuUsage.TotalTime;
                var started = Stopwatch.GetTimestamp();
                await run();
                if (round > 0)
                {
                    wall[name].Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
                    processor[name].Add((Environment.CpuUsage.TotalTime - before).TotalSeconds);
                }
            }
        }

        Console.WriteLine($"{messages} messages of 200 bytes, {rounds} rounds after one warm-up, medians");
        Console.WriteLine("| contender | messages/s | processor us/message | speed of the bare loop |");
        Console.WriteLine("|---|---:|---:|---:|");
        var bare = wall[contenders[0].Name];
        foreach (var (name, _) in contenders)
        {
            var ratio = Median(wall[name].Zip(bare, (mine, its) => its / mine));
            Console.WriteLine(FormattableString.Invariant(
                $"| {name} | {messages / Median(wall[name]):N0} | {Median(processor[name]) / messages * 1e6:N2} | {ratio:N2} |"));
        }
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
