using System.Diagnostics;

namespace DataFlow.ServiceBenchmarks;

/// <summary>How soon the API answers while pipelines run.</summary>
internal static class AnswerTimes
{
    private const int Clients = 4;

    public static async Task MeasureAsync(Command command, string scratch, int pipelines, int requests)
    {
        var folder = Path.Combine(scratch, "api");
        await using var service = await Service.StartAsync(command, folder);
        for (var number = 1; number <= pipelines; number++)
        {
            await service.AddAndStartAsync(
                $"p{number}",
                $$"""
                name: p{{number}}
                source: { type: test, options: { records-per-second: 100 } }
                sink: { type: file, connection: out{{number}}.ndjson }
                """);
        }

        foreach (var (name, path) in ((string, Func<int, string>)[])
        [
            ("one pipeline", number => $"pipelines/p{(number % pipelines) + 1}"),
            ("list of 100", _ => "pipelines?limit=100"),
            ("state", number => $"pipelines/p{(number % pipelines) + 1}/state"),
            ("history", number => $"pipelines/p{(number % pipelines) + 1}/history"),
        ])
        {
            await RunAsync(service, path, requests / 10);
            var times = await RunAsync(service, path, requests);
            Console.WriteLine($"api: {name,-14} {pipelines} running, {Clients} clients: p50 {times[times.Length / 2]:0.0} ms, p99 {times[times.Length * 99 / 100]:0.0} ms, most {times[^1]:0.0} ms");
        }
    }

    private static async Task<double[]> RunAsync(Service service, Func<int, string> path, int requests)
    {
        var times = new double[requests];
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            for (var number = Interlocked.Increment(ref next); number < requests; number = Interlocked.Increment(ref next))
            {
                var started = Stopwatch.GetTimestamp();
                await service.ReadAsync(path(number));
                times[number] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            }
        }));
        Array.Sort(times);
        return times;
    }
}
