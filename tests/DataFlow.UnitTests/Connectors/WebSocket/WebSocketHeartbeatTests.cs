using DataFlow.Conformance;

namespace DataFlow.UnitTests.Connectors;

/// <summary>Alive means alive.</summary>
public sealed class WebSocketHeartbeatTests
{
    private static readonly (string, string)[] Quick = [("heartbeat-interval", "200ms"), ("heartbeat-timeout", "200ms")];

    [Fact]
    [Trait("claim", "WS-07")]
    public async Task A_server_that_never_answers_a_ping_is_given_up_and_connected_to_again()
    {
        await using var server = new RawWebSocketServer(async connection =>
        {
            await connection.SendAsync($$"""{"connection":{{connection.Number}}}""");
            await connection.IgnoreAsync();
        });
        using var bench = WebSocketRun.Bench(server.Address, Quick);

        var outcome = await bench.RunAsync(expected: 2);

        Assert.Null(outcome.Error);
        Assert.Equal([1, 2], bench.Records().Take(2).Select(record => record.GetInt64("connection")));
        Assert.Contains("pong", (await bench.GapsAsync())[0].Reason, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    [Trait("claim", "WS-07")]
    public async Task Pings_are_protocol_pings_which_an_answer_keeps_alive()
    {
        var pings = 0;
        await using var server = new RawWebSocketServer(async connection =>
        {
            while (pings < 3)
            {
                var (opcode, payload) = await connection.ReadAsync();
                Assert.Equal(RawConnection.Ping, opcode);
                pings++;
                await connection.SendAsync(RawConnection.Pong, payload);
            }

            await connection.SendAsync("""{"id":"alive"}""");
            await connection.IgnoreAsync();
        });
        using var bench = WebSocketRun.Bench(server.Address, ("heartbeat-interval", "100ms"), ("heartbeat-timeout", "60"));

        await bench.RunAsync(expected: 1);

        Assert.Equal("alive", Assert.Single(bench.Records()).Id);
        Assert.Equal(1, server.Connections);
        Assert.Empty(await bench.GapsAsync());
    }

    [Fact]
    [Trait("claim", "WS-07")]
    public async Task A_frozen_connection_is_noticed_and_replaced()
    {
        var log = new MessageLog();
        await using var server = await WebSocketServer.StartAsync(log.ServeAsync);
        await using var proxy = new TcpFaultProxy(server.Port);
        log.Publish(3);
        using var bench = WebSocketRun.Bench(
            $"ws://127.0.0.1:{proxy.Port}/?from={{{{cursor}}}}", [.. Quick, ("cursor-path", "number"), ("sequence-path", "number"), ("connect-timeout", "1")]);
        var run = bench.RunAsync(expected: 6);
        await Eventually.Is(() => bench.Collected.Count == 3);
        proxy.Freeze();
        log.Publish(3);
        await Eventually.Is(() => bench.Log.Lines.Any(line => line.Contains("could not reach the other side")));
        proxy.Cut();
        proxy.Thaw();

        Assert.Null((await run).Error);

        Assert.Equal([1, 2, 3, 4, 5, 6], bench.Records().Select(record => record.GetInt64("number")));
        var gap = (await bench.GapsAsync())[^1];
        Assert.Equal((3, 4, 0), (gap.Last, gap.Next, gap.Missing));
    }

    [Fact]
    [Trait("claim", "WS-08")]
    public async Task A_heartbeat_of_0_sends_no_pings_and_leaves_a_quiet_stream_alone()
    {
        // Another connection with pings tells when there would have been many.
        var manyPings = new TaskCompletionSource();
        await using var pinged = new RawWebSocketServer(async connection =>
        {
            for (var pings = 0; pings < 20; pings++)
            {
                await connection.SendAsync(RawConnection.Pong, (await connection.ReadAsync()).Payload);
            }

            manyPings.SetResult();
            await connection.IgnoreAsync();
        });
        var frames = 0;
        await using var quiet = new RawWebSocketServer(async connection =>
        {
            var reading = connection.ReadAsync();
            await Task.WhenAny(reading, manyPings.Task);
            frames += reading.IsCompleted ? 1 : 0;
            await connection.SendAsync("""{"id":"late"}""");
            await reading;
        });
        using var bench = WebSocketRun.Bench(quiet.Address, ("heartbeat-interval", "0"), ("heartbeat-timeout", "10ms"));
        using var other = WebSocketRun.Bench(pinged.Address, ("heartbeat-interval", "10ms"), ("heartbeat-timeout", "60"));
        using var stop = new CancellationTokenSource();
        var run = bench.RunAsync(expected: 1);
        await Eventually.Is(() => quiet.Connections == 1);
        var pinging = other.RunAsync(stop: stop.Token);

        Assert.Null((await run).Error);
        await stop.CancelAsync();
        await pinging;

        Assert.Equal((0, 1), (frames, quiet.Connections));
    }

    [Fact]
    public async Task A_server_with_its_own_pings_gets_them_and_its_answers_are_no_records()
    {
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            Assert.Equal("""{"op":"ping"}""", await connection.ReceiveAsync());
            await connection.SendAsync("""{"op":"pong","t":1}""");
            Assert.Equal("""{"op":"ping"}""", await connection.ReceiveAsync());
            await connection.SendAsync("""{"op":"pong","t":2}""");
            await connection.SendAsync("""{"id":"data"}""");
            await connection.UntilClosedAsync();
        });
        using var bench = WebSocketRun.Bench(
            server.Address, ("heartbeat-interval", "50ms"), ("heartbeat-timeout", "60"), ("ping-message", """{"op":"ping"}"""), ("pong-message", "\"pong\""));

        await bench.RunAsync(expected: 1);

        Assert.Equal("data", Assert.Single(bench.Records()).Id);
    }

    [Fact]
    public async Task A_ping_message_without_an_answer_ends_the_connection()
    {
        var connections = 0;
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            if (Interlocked.Increment(ref connections) > 1)
            {
                await connection.SendAsync("""{"id":"second"}""");
            }

            await connection.UntilClosedAsync();
        });
        using var bench = WebSocketRun.Bench(
            server.Address, ("heartbeat-interval", "50ms"), ("heartbeat-timeout", "200ms"), ("ping-message", "ping"), ("pong-message", "pong"));

        await bench.RunAsync(expected: 1);

        Assert.Equal("The server did not answer the ping message within 0.2 s.", (await bench.GapsAsync())[0].Reason);
    }

    [Fact]
    public async Task An_idle_time_out_ends_a_connection_without_messages()
    {
        var connections = 0;
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            if (Interlocked.Increment(ref connections) > 1)
            {
                await connection.SendAsync("""{"id":"second"}""");
            }

            await connection.UntilClosedAsync();
        });
        using var bench = WebSocketRun.Bench(server.Address, ("idle-timeout", "300ms"));

        await bench.RunAsync(expected: 1);

        Assert.Equal("No message came within 0.3 s (idle-timeout).", (await bench.GapsAsync())[0].Reason);
    }

    [Fact]
    public async Task A_flood_of_pings_costs_no_message()
    {
        await using var server = new RawWebSocketServer(async connection =>
        {
            var draining = connection.IgnoreAsync();
            for (var number = 1; number <= 20; number++)
            {
                for (var ping = 0; ping < 500; ping++)
                {
                    await connection.SendAsync(RawConnection.Ping, [1, 2, 3]);
                }

                await connection.SendAsync($$"""{"number":{{number}}}""");
            }

            await draining;
        });
        using var bench = WebSocketRun.Bench(server.Address);

        await bench.RunAsync(expected: 20);

        Assert.Equal(Enumerable.Range(1, 20).Select(number => (long)number), bench.Records().Select(record => record.GetInt64("number")));
    }
}
