using DataFlow.Conformance;
using DataFlow.Connectors;
using DataFlow.Engine.Configuration;
using DataFlow.UnitTests.Fakes;

namespace DataFlow.UnitTests.Connectors;

/// <summary>What follows from the end of a connection.</summary>
public sealed class WebSocketReconnectTests
{
    [Fact]
    [Trait("claim", "WS-09")]
    [Trait("claim", "WS-11")]
    public async Task The_first_retry_comes_after_1_second_then_2_then_4_doubling_up_to_the_cap()
    {
        var pauses = await PausesAsync(retries: 8);

        Assert.Equal(8, pauses.Length);
        foreach (var (pause, least) in pauses.Zip([1.0, 2, 4, 8, 16, 30, 30, 30]))
        {
            Assert.InRange(pause, least, Math.Min(30, least * 1.2));
        }
    }

    [Fact]
    [Trait("claim", "WS-09")]
    public async Task Start_and_cap_are_options_in_seconds()
    {
        var pauses = await PausesAsync(retries: 4, ("reconnect-min-backoff", "2"), ("reconnect-max-backoff", "5"));

        Assert.InRange(pauses[0], 2, 2.4);
        Assert.InRange(pauses[1], 4, 4.8);
        Assert.Equal([5, 5], pauses[2..]);
    }

    [Fact]
    [Trait("claim", "WS-10")]
    public async Task A_limit_of_retries_ends_the_run_with_the_count_and_the_last_cause()
    {
        using var bench = WebSocketRun.Bench($"ws://127.0.0.1:{TcpFaultProxy.UnusedPort()}", ("reconnect-max-restarts", "3"));

        var outcome = await bench.RunAsync();

        var error = Assert.IsType<ConnectorException>(outcome.Error);
        Assert.Equal((FaultOwner.External, RetryKind.Never), (error.Owner, error.Retry.Kind));
        Assert.StartsWith("Gave up after 3 reconnections in a row (reconnect-max-restarts). The last cause: WebSocket upgrade failed: no connection", error.Message);
        Assert.Equal(4, bench.Metrics["dataflow.source.connection.errors"]);
    }

    [Fact]
    [Trait("claim", "WS-10")]
    public void Minus_one_which_is_the_default_means_for_ever()
    {
        var pauses = new ReconnectPauses(new WebSocketSourceOptions(), new Random(1));
        for (var i = 0; i < 100_000; i++)
        {
            Assert.False(pauses.AreUsedUp);
            Assert.InRange(pauses.Next(serverRestarts: false).TotalSeconds, 1, 30);
        }
    }

    [Fact]
    [Trait("claim", "WS-11")]
    public void After_a_stable_connection_pauses_and_count_start_over()
    {
        var pauses = new ReconnectPauses(new WebSocketSourceOptions { ReconnectMaxRestarts = 3 }, new Random(1));
        pauses.Next(false);
        pauses.Next(false);
        pauses.Ended(TimeSpan.FromSeconds(29));
        Assert.InRange(pauses.Next(false).TotalSeconds, 4, 4.8);
        Assert.True(pauses.AreUsedUp);

        pauses.Ended(TimeSpan.FromSeconds(30));

        Assert.False(pauses.AreUsedUp);
        Assert.InRange(pauses.Next(false).TotalSeconds, 1, 1.2);
    }

    [Fact]
    [Trait("claim", "WS-11")]
    [Trait("claim", "WS-23")]
    [Trait("claim", "WS-24")]
    public async Task A_lost_connection_is_opened_again_by_itself_and_counted()
    {
        var log = new MessageLog();
        await using var server = await WebSocketServer.StartAsync(log.ServeAsync);
        using var bench = WebSocketRun.Bench(server.Address);
        log.Publish(1);
        var run = bench.RunAsync(expected: 3);
        await Eventually.Is(() => bench.Collected.Count >= 1);
        bench.Metrics.Observe();
        Assert.Equal(1, bench.Metrics["dataflow.source.websocket.connected"]);
        server.Cut();
        await Eventually.Is(() => bench.Collected.Count >= 2);
        log.Publish(1);

        Assert.Null((await run).Error);

        Assert.Equal([1, 1, 2], bench.Records().Select(record => record.GetInt64("number")));
        Assert.Equal(1, bench.Metrics["dataflow.source.websocket.reconnects"]);
        Assert.Equal(1, bench.Metrics["dataflow.source.connection.errors"]);
        var gap = Assert.Single(await bench.GapsAsync());
        Assert.True(gap.To >= gap.From);
        Assert.Equal((null, null, null), (gap.Last, gap.Next, gap.Missing));
    }

    [Theory]
    [InlineData(1008, "policy violation")]
    [InlineData(1003, "unsupported data")]
    [InlineData(4401, "not authenticated")]
    [InlineData(4403, "forbidden")]
    public async Task Some_close_codes_stop_the_run_with_a_sentence(int code, string meaning)
    {
        var connections = 0;
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            if (Interlocked.Increment(ref connections) == 1)
            {
                await connection.SendAsync("""{"n":1}""");
                await connection.CloseAsync(code, "no more for you");
                return;
            }

            await connection.SendAsync("""{"n":5}""");
            await connection.UntilClosedAsync();
        });
        using var bench = WebSocketRun.Bench(server.Address, ("sequence-path", "n"));

        var outcome = await bench.RunAsync();

        var error = Assert.IsType<ConnectorException>(outcome.Error);
        Assert.Equal((FaultOwner.User, RetryKind.Never), (error.Owner, error.Retry.Kind));
        Assert.StartsWith($"The server closed the connection with code {code} ({meaning}) and says: no more for you. Connecting again would not help", error.Message);
        Assert.Single(server.Requests);
        var gap = Assert.Single(await bench.GapsAsync());
        Assert.Equal((1, null, null, error.Message), (gap.Last, gap.Next, gap.Missing, gap.Reason));

        Assert.Null((await bench.RunAsync(expected: 2)).Error);
        var whole = Assert.Single(SourceGap.Ledger(await bench.GapsAsync()));
        Assert.Equal((gap.From, 1, 5, 3), (whole.From, whole.Last, whole.Next, whole.Missing));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    public async Task An_outage_in_which_the_run_ends_is_in_the_ledger_and_once_when_the_next_one_ends_in_it_too(string mostRestarts)
    {
        await using var server = await WebSocketServer.StartAsync(
            async connection =>
            {
                await connection.SendAsync("""{"n":1}""");
                await connection.CloseAsync(1001);
            },
            request => request > 1 ? 503 : 0);
        using var bench = WebSocketRun.Bench(server.Address, ("reconnect-max-restarts", mostRestarts));

        await RunUntilAsync(requests: mostRestarts == "0" ? 1 : 2);
        var first = Assert.Single(await bench.GapsAsync());
        await RunUntilAsync(server.Requests.Count + 1);

        var gap = Assert.Single(SourceGap.Ledger(await bench.GapsAsync()));
        Assert.Equal((first.From, null), (gap.From, gap.Next));
        Assert.True(gap.To >= first.To, $"{gap}");

        async Task RunUntilAsync(int requests)
        {
            using var stop = new CancellationTokenSource();
            var running = bench.RunAsync(stop: stop.Token);
            await Eventually.Is(() => running.IsCompleted || (server.Requests.Count >= requests && bench.Collected.Count == 1));
            await (mostRestarts == "0" ? running : stop.CancelAsync());
            await running;
        }
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(1002)]
    [InlineData(1007)]
    [InlineData(1009)]
    [InlineData(1010)]
    [InlineData(1011)]
    [InlineData(4000)]
    public async Task After_the_other_close_codes_it_connects_again_and_the_ledger_knows(int code)
    {
        var connections = 0;
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            if (Interlocked.Increment(ref connections) == 1)
            {
                await connection.CloseAsync(code, "bye");
            }

            await connection.SendAsync("""{"id":"after"}""");
            await connection.UntilClosedAsync();
        });
        using var bench = WebSocketRun.Bench(server.Address);

        var outcome = await bench.RunAsync(expected: 1);

        Assert.Null(outcome.Error);
        Assert.StartsWith($"The server closed the connection with code {code} (", Assert.Single(await bench.GapsAsync()).Reason);
    }

    [Theory]
    [InlineData(1012)]
    [InlineData(1013)]
    public void A_server_that_restarts_is_given_at_least_five_seconds(int code)
    {
        var end = ConnectionEnd.Of(code, null, new WebSocketSourceOptions());
        var pauses = new ReconnectPauses(new WebSocketSourceOptions(), new Random(1));

        Assert.True(end is { ServerRestarts: true, IsFinal: false });
        Assert.InRange(pauses.Next(end.ServerRestarts).TotalSeconds, 5, 6);
    }

    [Theory]
    [InlineData(1012, "service restart")]
    [InlineData(1013, "try again later")]
    public async Task It_really_waits_that_long_and_the_ledger_says_why(int code, string meaning)
    {
        await using var server = new RawWebSocketServer(ClosingFirst([(byte)(code >> 8), (byte)code]));
        var clock = new JumpingClock();
        await using var run = new StreamRun(
            new TestSourceContext { Clock = clock, Latency = TimeSpan.Zero }, server.Address, ("reconnect-min-backoff", "1"), ("reconnect-max-backoff", "30"));

        await run.UntilNumbersAsync(1);

        Assert.InRange(Assert.Single(clock.Pauses), 5, 6);
        Assert.Equal($"The server closed the connection with code {code} ({meaning}).", Assert.Single(run.Context.Gaps).Reason);
    }

    [Theory]
    [InlineData(1014, "code 1014 (bad gateway)")]
    [InlineData(3000, "code 3000 (reserved)")]
    [InlineData(null, "code 1000 (normal closure)")]
    public async Task Rare_codes_and_none_at_all_which_means_1000_reconnect_too(int? code, string told)
    {
        await using var server = new RawWebSocketServer(ClosingFirst(code is { } given ? [(byte)(given >> 8), (byte)given] : []));
        using var bench = WebSocketRun.Bench(server.Address);

        var outcome = await bench.RunAsync(expected: 1);

        Assert.Null(outcome.Error);
        Assert.Contains(told, Assert.Single(await bench.GapsAsync()).Reason);
    }

    [Theory]
    [InlineData(1004)]
    [InlineData(1005)]
    [InlineData(999)]
    public async Task A_code_that_nobody_may_send_breaks_the_protocol_and_it_goes_on(int code)
    {
        await using var server = new RawWebSocketServer(ClosingFirst([(byte)(code >> 8), (byte)code]));
        using var bench = WebSocketRun.Bench(server.Address);

        var outcome = await bench.RunAsync(expected: 1);

        Assert.Null(outcome.Error);
        Assert.Contains("what the protocol forbids", Assert.Single(await bench.GapsAsync()).Reason);
    }

    [Fact]
    public async Task A_code_can_be_made_final_or_not()
    {
        await using var server = await WebSocketServer.StartAsync(connection => connection.CloseAsync(4000));
        using var bench = WebSocketRun.Bench(server.Address, ("stop-on-close-codes", "4000"));

        Assert.Contains("code 4000 (the server's own). Connecting again would not help", (await bench.RunAsync()).Error!.Message);
        Assert.False(ConnectionEnd.Of(1008, null, new WebSocketSourceOptions { StopOnCloseCodes = [] }).IsFinal);
    }

    /// <summary>Closes its first connection, and sends a message over the next.</summary>
    private static Func<RawConnection, Task> ClosingFirst(byte[] payload) => async connection =>
    {
        await (connection.Number == 1 ? connection.SendAsync(RawConnection.Close, payload) : connection.SendAsync("""{"n":1}"""));
        await connection.IgnoreAsync();
    };

    /// <summary>The pauses of a source that nobody answers, on a clock on which they are over at once.</summary>
    private static async Task<double[]> PausesAsync(int retries, params (string, string)[] options)
    {
        var clock = new JumpingClock();
        var context = new TestSourceContext { Clock = clock, RunUntil = Until.Forever };
        var config = WebSocketRun.ConfigOf(
            "websocket",
            $"ws://127.0.0.1:{TcpFaultProxy.UnusedPort()}",
            [("reconnect-min-backoff", "1"), ("reconnect-max-backoff", "30"), ("reconnect-max-restarts", $"{retries}"), ("connect-timeout", "3600"), .. options]);
        var bound = SourceBinding.Bind("p", config, BuiltInCatalogue.Instance);
        await using var source = bound.Definition.Create(bound.Settings);
        await Assert.ThrowsAsync<ConnectorException>(async () => await source.ReadAsync(context, default).GetAsyncEnumerator().MoveNextAsync());
        return clock.Pauses;
    }
}
