using System.Globalization;

namespace DataFlow.WebSocketBenchmarks;

/// <summary>From the server's send to the sink, at a steady rate.</summary>
internal static class Latency
{
    private static readonly TimeSpan MaxLatency = TimeSpan.FromMilliseconds(10);

    public static async Task MeasureAsync(string address, int rate, int seconds)
    {
        var count = rate * seconds;
        var latencies = new List<double>(count);
        await Contenders.PipelineAsync(
            $"{address}/paced?count={count}&rate={rate}",
            count,
            batch =>
            {
                var now = (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalMicroseconds;
                var at = batch.Schema.IndexOf("at");
                for (var index = 0; index < batch.Count; index++)
                {
                    latencies.Add(now - double.Parse(batch.Utf8(batch.RowAt(index), at), CultureInfo.InvariantCulture));
                }
            },
            MaxLatency);

        // The first second is the runtime's, which compiles.
        var sorted = latencies.Skip(rate).Order().ToArray();
        double At(double share) => sorted[(int)((sorted.Length - 1) * share)] / 1000;
        Console.WriteLine(FormattableString.Invariant(
            $"latency at {rate} messages/s, max-latency {MaxLatency.TotalMilliseconds} ms: median {At(0.5):N1} ms, p99 {At(0.99):N1} ms, most {At(1):N1} ms"));
    }
}
