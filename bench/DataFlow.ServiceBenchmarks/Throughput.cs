using System.Diagnostics;

namespace DataFlow.ServiceBenchmarks;

/// <summary>The same file through the service and through a run of its own, in turns, by the wall clock.</summary>
internal static class Throughput
{
    public static async Task MeasureAsync(Command command, string scratch, int megabytes, int rounds)
    {
        var folder = Path.Combine(scratch, "throughput");
        await using var service = await Service.StartAsync(command, folder);
        var input = Path.Combine(folder, "in.csv");
        Write(input, (long)megabytes << 20);
        var definition = $$"""
            name: NAME
            source: { type: file, connection: {{input}}, options: { format: csv } }
            sink: { type: file, connection: NAME.ndjson, options: { if-exists: overwrite } }
            """;
        var ratios = new List<double>();
        for (var round = 0; round <= rounds; round++)
        {
            // Each run is of a pipeline of its own, so that none has state to go on from.
            var name = $"run{round}";
            await File.WriteAllTextAsync(Path.Combine(folder, $"{name}.yaml"), definition.Replace("NAME", name, StringComparison.Ordinal));
            using var run = command.Start(folder, "run", $"{name}.yaml", "--state", Path.Combine(folder, "state-of-runs"));
            var said = await run.StandardOutput.ReadToEndAsync();
            await run.WaitForExitAsync();
            var runSeconds = Seconds(said);

            var served = $"served{round}";
            var started = Stopwatch.GetTimestamp();
            await service.AddAndStartAsync(served, definition.Replace("NAME", served, StringComparison.Ordinal));
            await service.WaitForAsync(served, "completed");
            var serveSeconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            File.Delete(Path.Combine(folder, $"{name}.ndjson"));
            File.Delete(Path.Combine(folder, $"{served}.ndjson"));
            if (round > 0)
            {
                ratios.Add(runSeconds / serveSeconds);
            }

            Console.WriteLine($"throughput: {(round == 0 ? "warm-up" : $"round {round}")}: run {runSeconds:0.00} s, serve {serveSeconds:0.00} s");
        }

        Console.WriteLine($"throughput: serve against run, median of {rounds}: {Median(ratios):0.00}");
    }

    // What the command says of its own run, so that the start of its process does not count.
    private static double Seconds(string said)
    {
        var match = System.Text.RegularExpressions.Regex.Match(said, @"in ([0-9.]+) s");
        return match.Success
            ? double.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"No duration in: {said}");
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static void Write(string path, long bytes)
    {
        using var writer = new StreamWriter(path);
        writer.WriteLine("id,name,age,city,amount,at");
        for (var row = 1L; writer.BaseStream.Position < bytes; row++)
        {
            writer.WriteLine($"{row},Name {row % 977},{row % 90},City {row % 131},{row * 7 % 100000}.50,2024-01-01T00:{row % 60:00}:00Z");
        }
    }
}
