using DataFlow.Conformance;

namespace DataFlow.IntegrationTests;

/// <summary>
/// A server that numbers its messages is frozen, cut off, killed and restarted at random for half a minute, or for as many minutes
/// as <c>DATAFLOW_SOAK</c> says.
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
        Assert.All(await pipeline.GapsAsync(), gap => Assert.Equal(gap.Next is null ? null : 0, gap.Missing));
    });

    [Fact]
    [Trait("claim", "WS-31")]
    public async Task With_an_API_that_has_everything_no_number_is_missing_or_doubled_even_when_the_pipeline_is_killed()
    {
        var log = new MessageLog();
        await using var api = await ApiOfAsync(log);
        var onGap = $"on-gap: {{ connection: '{api.Address}?after={{{{last}}}}&before={{{{next}}}}', deduplicate-by: number, margin: 0, "
            + "options: { pagination-type: offset, retry-delay: 50ms } }";
        await RunAsync(log, log.ServeLiveAsync, proxy => new StreamPipeline($"ws://127.0.0.1:{proxy.Port}/", onGap), seed: 3, kills: true, async pipeline =>
        {
            var numbers = pipeline.Numbers;
            Assert.Equal(numbers.Distinct().Count(), numbers.Count);
            Assert.Equal(numbers.Max() - numbers.Min() + 1, numbers.Count);
            Assert.Contains(await pipeline.GapsAsync(), gap => gap is { Missing: > 0, Filled: > 0 });
        });
    }

    private static async Task<long> RunAsync(bool canReplay, int seed, Func<StreamPipeline, Task> check)
    {
        var log = new MessageLog();
        return await RunAsync(
            log,
            canReplay ? log.ServeAsync : log.ServeLiveAsync,
            proxy => canReplay
                ? new StreamPipeline($"ws://127.0.0.1:{proxy.Port}/?from={{{{cursor}}}}", "cursor-path: number", "cursor-start: \"0\"")
                : new StreamPipeline($"ws://127.0.0.1:{proxy.Port}/"),
            seed,
            kills: false,
            check);
    }

    private static async Task<long> RunAsync(
        MessageLog log, Func<ServerConnection, Task> serve, Func<TcpFaultProxy, StreamPipeline> create, int seed, bool kills, Func<StreamPipeline, Task> check)
    {
        var server = await WebSocketServer.StartAsync(serve);
        try
        {
            var port = server.Port;
            await using var proxy = new TcpFaultProxy(port);
            using var pipeline = create(proxy);
            pipeline.Start();
            log.Publish(1);
            var random = new Random(seed);
            var started = TimeProvider.System.GetTimestamp();
            while (TimeProvider.System.GetElapsedTime(started) < Length)
            {
                await PublishAsync(log, random.Next(300, 1500));
                switch (random.Next(kills ? 5 : 4))
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
                    case 3:
                        await server.DisposeAsync();
                        await PublishAsync(log, random.Next(100, 1000));
                        server = await WebSocketServer.StartAsync(serve, port: port);
                        break;
                    default:
                        await pipeline.KillAsync();
                        pipeline.Start();
                        break;
                }
            }

            // What is published while nobody is connected is missed; so publish until something arrives, and all before it is there.
            var end = log.Last;
            await StreamPipeline.EventuallyAsync(() =>
            {
                log.Publish(1);
                return pipeline.HasEnded || pipeline.Numbers.Any(number => number > end);
            });
            if (kills)
            {
                await pipeline.UntilAsync(numbers => numbers.Max() - numbers.Min() + 1 == numbers.Distinct().Count());
            }

            (await pipeline.StopAsync()).Succeeded();
            await check(pipeline);
            return log.Last;
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    /// <summary>A flaky API with all messages: those after and before two numbers, in pages.</summary>
    private static Task<TestApi> ApiOfAsync(MessageLog log) => TestApi.StartAsync((context, request) =>
    {
        var first = context.Number("after") + context.Number("offset") + 1;
        var count = (int)Math.Clamp(Math.Min(context.Number("before"), log.Last + 1) - first, 0, context.Number("limit"));
        return request % 7 == 3
            ? context.JsonAsync("{}", status: 503)
            : context.JsonAsync($"{{\"data\":[{string.Join(',', Enumerable.Range(first, count).Select(number => $"{{\"number\":{number}}}"))}]}}");
    });

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
