using DataFlow.Conformance;
using DataFlow.Engine.State;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.UnitTests.Connectors;

/// <summary>WebSocket sources in the real engine, against servers of this machine.</summary>
internal static class WebSocketRun
{
    /// <summary>A source that reconnects at once, so that nobody has to wait.</summary>
    public static SourceBench Bench(string address, params (string Name, string Value)[] options) => BenchOf(SourceType.WebSocket, address, options);

    public static SourceBench BenchOf(string type, string address, params (string Name, string Value)[] options) =>
        new(BuiltInCatalogue.Instance, () => ConfigOf(type, address, options));

    public static SourceConfig ConfigOf(string type, string address, params (string Name, string Value)[] options) => new()
    {
        SourceType = type,
        ConnectionString = address,
        Options = new[] { ("reconnect-min-backoff", "0.01"), ("reconnect-max-backoff", "0.02") }.Concat(options)
            .GroupBy(option => option.Item1).ToDictionary(group => group.Key, group => group.Last().Item2),
    };

    /// <summary>A server that sends these messages to each connection, and then waits for its end.</summary>
    public static Task<WebSocketServer> ServeAsync(params string[] messages) => WebSocketServer.StartAsync(async connection =>
    {
        foreach (var message in messages)
        {
            await connection.SendAsync(message);
        }

        await connection.UntilClosedAsync();
    });

    /// <summary>A server that sends the first numbers to its first connection and closes it, the next to the next, and stays there.</summary>
    public static Task<WebSocketServer> ServeNumbersAsync(params int[][] numbers)
    {
        var connections = 0;
        return WebSocketServer.StartAsync(async connection =>
        {
            var mine = Interlocked.Increment(ref connections);
            foreach (var number in mine <= numbers.Length ? numbers[mine - 1] : [])
            {
                await connection.SendAsync($$"""{"n":{{number}}}""");
            }

            if (mine < numbers.Length)
            {
                await connection.CloseAsync(1001);
            }
            else
            {
                await connection.UntilClosedAsync();
            }
        });
    }

    /// <summary>The gap ledger, oldest first.</summary>
    public static async Task<IReadOnlyList<SourceGap>> GapsAsync(this SourceBench bench) =>
    [
        .. (await bench.Store.HistoryAsync(bench.PipelineId, 1000, default))
            .Where(entry => entry.Event == HistoryEvent.Gap).Reverse().Select(entry => SourceGap.Parse(entry.Detail!)),
    ];

    public static DataRecord[] Records(this SourceBench bench) => [.. bench.Collected.All.Select(collected => collected.Record)];
}

/// <summary>A clock on which every pause is over at once; it keeps them. Time-outs, which are longer, don't happen.</summary>
internal sealed class JumpingClock() : FakeTimeProvider(new DateTimeOffset(2024, 1, 1, 10, 0, 0, TimeSpan.Zero))
{
    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(2);

    private readonly Lock _gate = new();
    private readonly List<double> _pauses = [];

    /// <summary>The pauses so far, in seconds.</summary>
    public double[] Pauses
    {
        get { lock (_gate) { return [.. _pauses]; } }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        if (dueTime > TimeSpan.Zero && dueTime <= LongestPause)
        {
            lock (_gate)
            {
                _pauses.Add(dueTime.TotalSeconds);
            }

            ThreadPool.UnsafeQueueUserWorkItem(_ => Advance(dueTime), null);
        }

        return timer;
    }
}
