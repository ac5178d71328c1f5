using DataFlow.Conformance;

namespace DataFlow.IntegrationTests;

/// <summary>
/// A server that numbers its messages is frozen, cut off, killed and restarted at random for half a minute, or for
/// <c>DATAFLOW_SOAK</c> minutes.
/// </summary>
public sealed class WebSocketChaosTests
{
    private static readonly TimeSpan Length = int.TryParse(Environment.GetEnvironmentVariable("DATAFLOW_SOAK"), out var minutes)
        ? TimeSpan.FromMinutes(minutes)
        : TimeSpan.FromSeconds(30);

    [Fact]
    [Trait("claim", "WS-31")]
    public async Task Output_and_ledger_account_for_every_number()
    {
        var last = await RunAsync(canReplay: false, seed: 1, async pipeline =>
        {
            await pipeline.AccountForAllAsync();
            Assert.Contains(await pipeline.GapsAsync(), gap => gap.Missing > 0);
        });

        Assert.True(last > 1000);
    }

    [Fact]
    [Trait("claim", "WS-31")]
    public Task With_a_server_that_replays_from_a_cursor_no_number_is_missing() => RunAsync(canReplay: true, seed: 2, async pipeline =>
    {
        Assert.Equal(Enumerable.Range(1, pipeline.Numbers.Count).Select(number => (long)number), pipeline.Numbers);
        Assert.All(await pipeline.GapsAsync(), gap => Assert.Equal(0, gap.Missing));
    });

    private static async Task<long> RunAsync(bool canReplay, int seed, Func<StreamPipeline, Task> check)
    {
        var log = new MessageLog();
        Func<ServerConnection, Task> serve = canReplay ? log.ServeAsync : log.ServeLiveAsync;
        var server = await WebSocketServer.StartAsync(serve);
        try
        {
            var port = server.Port;
            await using var proxy = new TcpFaultProxy(port);
            using var pipeline = canReplay
                ? new StreamPipeline($"ws://127.0.0.1:{proxy.Port}/?from={{{{cursor}}}}", "cursor-path: number", "cursor-start: \"0\"")
                : new StreamPipeline($"ws://127.0.0.1:{proxy.Port}/");
            pipeline.Start();
            log.Publish(1);
            var random = new Random(seed);
            var started = TimeProvider.System.GetTimestamp();
            while (TimeProvider.System.GetElapsedTime(started) < Length)
            {
                await PublishAsync(log, random.Next(300, 1500));
                switch (random.Next(4))
                {
                    case 0:
                        proxy.Freeze();
                        await PublishAsync(log, random.Next(200, 2500));
                        proxy.Thaw();
                        break;
                    case 1:
                        proxy.Cut();
                        break;
                    case 2:
                        proxy.HalfClose();
                        break;
                    default:
                        await server.DisposeAsync();
                        await PublishAsync(log, random.Next(100, 1000));
                        server = await WebSocketServer.StartAsync(serve, port: port);
                        break;
                }
            }

            // What is published while nobody is connected is missed; so publish until something arrives.
            var end = log.Last;
            await StreamPipeline.EventuallyAsync(() =>
            {
                log.Publish(1);
                return pipeline.HasEnded || (pipeline.Numbers is [.., var newest] && newest > end);
            });
            (await pipeline.StopAsync()).Succeeded();
            await check(pipeline);
            return log.Last;
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    /// <summary>Publishes for a while.</summary>
    private static async Task PublishAsync(MessageLog log, int milliseconds)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(started).TotalMilliseconds < milliseconds)
        {
            log.Publish(3);
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }
}
