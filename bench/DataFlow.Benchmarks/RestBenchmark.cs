using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace DataFlow.Benchmarks;

/// <summary>The REST source against the least that a program could do: get each page and walk over its tokens.</summary>
internal static class RestBenchmark
{
    public static async Task RunAsync(int rounds)
    {
        List<string> command = [Environment.ProcessPath!, .. Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal) ? [typeof(RestBenchmark).Assembly.Location] : Array.Empty<string>()];
        using var server = Process.Start(new ProcessStartInfo(command[0], [.. command.Skip(1), "--child", RestServer.Mode])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        })!;
        try
        {
            var address = (await server.StandardOutput.ReadLineAsync())!;
            foreach (var (pages, perPage) in ((int, int)[])[(1000, 100), (100, 1000)])
            {
                var bytes = (long)pages * (await BareAsync(address, 1, perPage)).Bytes;
                var job = new Job($"REST, {pages} pages of {perPage}", bytes,
                [
                    Api(address, pages, perPage),
                    new Contender("bare HttpClient + Utf8JsonReader", InProcess: true, () => BareAsync(address, pages, perPage).GetAwaiter().GetResult()),
                ]);
                Measurement.Run(job, rounds, Modes.All);
                Measurement.Run(job, rounds, Modes.One);
            }

            foreach (var (pages, perPage) in ((int, int)[])[(100, 100), (4000, 100), (2, 200_000)])
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"memory|{pages} pages of {perPage}|{PeakHeap(() => Api(address, pages, perPage).Run()) / 1e6:0.0} MB managed at most"));
            }
        }
        finally
        {
            server.StandardInput.Close();
            await server.WaitForExitAsync();
        }
    }

    private static Contender Api(string address, int pages, int perPage) => DataFlowContender.Create("DataFlow", $$"""
        name: bench
        source:
          type: api
          connection: {{address}}/?pages={{pages}}
          options: { pagination-type: page, pagination-size: {{perPage}}, detect-repeated-pages: false }
          batch-size: {{Math.Min(perPage, 2048)}}
        sink: { type: "null" }
        until: caught-up
        workers: 1
        """);

    private static async Task<(long Bytes, long Tokens)> BareAsync(string address, int pages, int perPage)
    {
        using var client = new HttpClient();
        var (bytes, tokens) = (0L, 0L);
        for (var page = 1; page <= pages + 1; page++)
        {
            var body = await client.GetByteArrayAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"{address}/?pages={pages}&page={page}&per_page={perPage}")));
            bytes += body.Length;
            tokens += CountTokens(body);
        }

        return (bytes, tokens);
    }

    private static long CountTokens(byte[] body)
    {
        var reader = new Utf8JsonReader(body);
        var tokens = 0L;
        while (reader.Read())
        {
            tokens++;
        }

        return tokens;
    }

    /// <summary>The most that the managed heap held while something ran.</summary>
    private static long PeakHeap(Action run)
    {
        GC.Collect();
        var most = 0L;
        using var timer = TimeProvider.System.CreateTimer(
            _ => most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: false)), null, TimeSpan.Zero, TimeSpan.FromMilliseconds(5));
        run();
        return most;
    }
}
