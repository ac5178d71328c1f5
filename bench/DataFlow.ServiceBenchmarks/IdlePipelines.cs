using System.Diagnostics;

namespace DataFlow.ServiceBenchmarks;

/// <summary>What a service costs that waits: many pipelines, each following a file in which nothing happens.</summary>
internal static class IdlePipelines
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Watching = TimeSpan.FromSeconds(60);

    public static async Task MeasureAsync(Command command, string scratch, int pipelines)
    {
        var folder = Path.Combine(scratch, "idle");
        await using var service = await Service.StartAsync(command, folder);
        var started = Stopwatch.GetTimestamp();
        for (var number = 1; number <= pipelines; number++)
        {
            await File.WriteAllTextAsync(Path.Combine(folder, $"in{number}.csv"), "id,name\n1,Ada\n2,Bob\n");
            await service.AddAndStartAsync(
                $"p{number}",
                $$"""
                name: p{{number}}
                source: { type: file, connection: in{{number}}.csv, options: { format: csv, mode: tail } }
                sink: { type: file, connection: out{{number}}.ndjson }
                """);
        }

        var start = Stopwatch.GetElapsedTime(started);
        await Task.Delay(Settling, TimeProvider.System);
        service.Process.Refresh();
        var before = service.Process.TotalProcessorTime;
        var watch = Stopwatch.GetTimestamp();
        await Task.Delay(Watching, TimeProvider.System);
        service.Process.Refresh();
        var share = (service.Process.TotalProcessorTime - before) / Stopwatch.GetElapsedTime(watch);
        var running = (await service.GetAsync("nodes")).GetProperty("items")[0].GetProperty("pipelines").GetInt32();
        Console.WriteLine($"idle: {running} of {pipelines} pipelines run, added and started in {start.TotalSeconds:0.0} s; {service.Process.WorkingSet64 >> 20} MB, {share:P1} of a core over {Watching.TotalSeconds:0} s");
    }
}
