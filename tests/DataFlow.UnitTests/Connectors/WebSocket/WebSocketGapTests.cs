using DataFlow.Conformance;
using DataFlow.Engine.Configuration;
using DataFlow.UnitTests.Fakes;

namespace DataFlow.UnitTests.Connectors;

/// <summary>Subscriptions, cursors, and the ledger of what was missed.</summary>
public sealed class WebSocketGapTests
{
    [Fact]
    public async Task It_subscribes_after_each_connection_with_the_cursor_of_then()
    {
        var said = new List<string>();
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            var (first, second) = ((await connection.ReceiveAsync())!, (await connection.ReceiveAsync())!);
            said.AddRange([first, second]);
            await connection.SendAsync("""{"event":"subscribed"}""");
            if (said.Count == 2)
            {
                await connection.SendAsync("""{"data":{"id":"a\"1"}}""");
                await connection.CloseAsync(1001);
            }

            await connection.SendAsync("""{"data":{"id":"b"}}""");
            await connection.UntilClosedAsync();
        });
        using var bench = WebSocketRun.Bench(
            server.Address,
            ("subscribe", """["{\"op\":\"auth\"}","{\"op\":\"from\",\"after\":\"{{cursor}}\"}"]"""),
            ("subscribe-expect", "subscribed"),
            ("cursor-path", "data.id"),
            ("cursor-start", "0"));

        var outcome = await bench.RunAsync(expected: 2);

        Assert.Null(outcome.Error);
        Assert.Equal(
            ["""{"op":"auth"}""", """{"op":"from","after":"0"}""", """{"op":"auth"}""", """{"op":"from","after":"a\u00221"}"""], said);
        Assert.Equal(["""{"id":"a\"1"}""", """{"id":"b"}"""], bench.Records().Select(record => record["data"]));
    }

    [Fact]
    public async Task Messages_before_the_answer_to_the_subscription_are_records()
    {
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            await connection.ReceiveAsync();
            await connection.SendAsync("""{"id":"early"}""");
            await connection.SendAsync("subscribed");
            await connection.SendAsync("""{"id":"later"}""");
            await connection.UntilClosedAsync();
        });
        using var bench = WebSocketRun.Bench(server.Address, ("subscribe", "[\"hello\"]"), ("subscribe-as", "binary"), ("subscribe-expect", "subscribed"));

        await bench.RunAsync(expected: 2);

        Assert.Equal(["early", "later"], bench.Records().Select(record => record.Id));
    }

    [Fact]
    public async Task Without_the_answer_it_connects_again()
    {
        var connections = 0;
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            await connection.ReceiveAsync();
            if (Interlocked.Increment(ref connections) > 1)
            {
                await connection.SendAsync("ok");
                await connection.SendAsync("""{"id":"x"}""");
            }

            await connection.UntilClosedAsync();
        });
        using var bench = WebSocketRun.Bench(server.Address, ("subscribe", "[\"hello\"]"), ("subscribe-expect", "ok"), ("subscribe-timeout", "200ms"));

        await bench.RunAsync(expected: 1);

        Assert.Equal("The server did not answer the subscription with 'ok' within 0.2 s.", (await bench.GapsAsync())[0].Reason);
    }

    [Theory]
    [InlineData("n")]
    [InlineData("")]
    public async Task An_interruption_lasts_until_the_subscription_is_answered(string sequencePath)
    {
        var context = new TestSourceContext { Latency = TimeSpan.Zero };
        var answered = DateTimeOffset.MaxValue;
        var connections = 0;
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            var mine = Interlocked.Increment(ref connections);
            await connection.ReceiveAsync();
            if (mine == 2)
            {
                await connection.CloseAsync(1001, "not now");
                return;
            }

            answered = context.Clock.GetUtcNow();
            await connection.SendAsync("ok");
            await connection.SendAsync($$"""{"n":{{mine}}}""");
            await (mine == 1 ? connection.CloseAsync(1012, "restart") : connection.UntilClosedAsync());
        });
        await using var run = new StreamRun(
            context, server.Address, ("subscribe", "[\"hello\"]"), ("subscribe-expect", "ok"), ("subscribe-timeout", "3600"), ("sequence-path", sequencePath));

        await run.UntilAsync(() => run.Numbers.Contains(3), TimeSpan.FromMilliseconds(10));

        var gap = Assert.Single(context.Gaps);
        Assert.Contains("1012", gap.Reason);
        Assert.True(gap.To >= answered, $"{gap}");
    }

    [Fact]
    [Trait("claim", "WS-31")]
    public async Task With_a_cursor_nothing_is_missing_however_often_the_connection_is_cut()
    {
        var log = new MessageLog();
        await using var server = await WebSocketServer.StartAsync(log.ServeAsync);
        using var bench = WebSocketRun.Bench(
            $"{server.Address}/?from={{{{cursor}}}}", ("cursor-path", "number"), ("cursor-start", "0"), ("sequence-path", "number"));
        var run = bench.RunAsync(expected: 500);
        for (var part = 1; part <= 5; part++)
        {
            log.Publish(50);
            await Eventually.Is(() => bench.Collected.Count >= (part * 100) - 50);
            server.Cut();
            log.Publish(50);
        }

        Assert.Null((await run).Error);

        Assert.Equal(Enumerable.Range(1, 500).Select(number => (long)number), bench.Records().Select(record => record.GetInt64("number")));
        var gaps = await bench.GapsAsync();
        Assert.NotEmpty(gaps);
        Assert.All(gaps, gap => Assert.Equal(0, gap.Missing));
        Assert.Equal(500, bench.Records().Select(record => record.DeliveryId).Distinct().Count());
    }

    [Fact]
    [Trait("claim", "WS-31")]
    public async Task Without_a_cursor_the_ledger_and_the_records_together_know_every_number()
    {
        await using var server = await WebSocketRun.ServeNumbersAsync([1, 2, 3], [10, 11, 13]);
        using var bench = WebSocketRun.Bench(server.Address, ("sequence-path", "n"), ("gap-records", "true"));

        var outcome = await bench.RunAsync(expected: 8);

        Assert.Null(outcome.Error);
        var gaps = await bench.GapsAsync();
        Assert.Equal([(3, 10, 6), (11, 13, 1)], gaps.Select(gap => (gap.Last!.Value, gap.Next!.Value, gap.Missing!.Value)));
        Assert.StartsWith("The server closed the connection with code 1001", gaps[0].Reason);
        Assert.Equal("The server left numbers out.", gaps[1].Reason);
        var records = bench.Records();
        Assert.Equal(["1", "2", "3", "gap", "10", "11", "gap", "13"], records.Select(record => record.Data.TryGetValue("n", out var n) ? n : record["type"]));
        Assert.Equal((3, 10, 6), (records[3].GetInt64("last"), records[3].GetInt64("next"), records[3].GetInt64("missing")));
        Assert.Equal(2, bench.Metrics["dataflow.source.websocket.gaps"]);
        Assert.Equal(7, bench.Metrics["dataflow.source.websocket.gap.missing"]);
        Assert.Contains(bench.Log.Lines, line => line.StartsWith("Warning: Gap of ") && line.Contains("6 messages are missing"));
    }

    [Fact]
    public async Task The_time_between_two_runs_is_a_gap_too()
    {
        var connections = 0;
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            var first = Interlocked.Increment(ref connections) == 1 ? 1 : 5;
            await connection.SendAsync($$"""{"n":{{first}}}""");
            await connection.SendAsync($$"""{"n":{{first + 1}}}""");
            await connection.UntilClosedAsync();
        });
        using var bench = WebSocketRun.Bench(server.Address, ("sequence-path", "n"));

        await bench.RunAsync(expected: 2);
        await bench.RunAsync(expected: 4);

        var gap = Assert.Single(await bench.GapsAsync());
        Assert.Equal((2, 5, 2), (gap.Last, gap.Next, gap.Missing));
        Assert.Equal("The source was not running.", gap.Reason);
    }

    [Fact]
    public async Task A_sink_that_fails_makes_no_gap_of_messages_that_are_still_here()
    {
        await using var server = await WebSocketRun.ServeNumbersAsync([1, 2, 3, 4], [5, 6, 7, 8]);
        using var bench = WebSocketRun.Bench(server.Address, ("sequence-path", "n"));

        var outcome = await bench.RunAsync(
            expected: 8, new FaultSchedule().At(FaultStep.SinkWrite, 1, Fault.Throw), spec => spec with { MaxAttempts = 5, BatchSize = 4 });

        Assert.Null(outcome.Error);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], bench.Records().Select(record => record.GetInt64("n")));
        Assert.All((await bench.GapsAsync()).Where(gap => gap.Next is not null), gap => Assert.Equal(0, gap.Missing));
    }

    [Fact]
    public async Task A_server_that_sends_the_cursor_again_doubles_nothing()
    {
        var connections = 0;
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            Interlocked.Increment(ref connections);
            var from = int.Parse(connection.Request.Query["from"]!);
            for (var number = Math.Max(1, from); number < from + 3; number++)
            {
                await connection.SendAsync($$"""{"n":{{number}}}""");
            }

            if (connections == 1)
            {
                await connection.CloseAsync(1001);
            }

            await connection.UntilClosedAsync();
        });
        using var bench = WebSocketRun.Bench(
            $"{server.Address}/?from={{{{cursor}}}}", ("cursor-path", "n"), ("cursor-start", "0"), ("cursor-inclusive", "true"));

        var outcome = await bench.RunAsync(expected: 4);

        Assert.Equal(["1", "2", "3", "4"], bench.Records().Select(record => record["n"]));
        Assert.Equal((4, 1), (outcome.Run.Read, outcome.Run.Deduplicated));
    }

    [Fact]
    public async Task A_greeting_before_the_message_of_the_cursor_doubles_nothing()
    {
        var connections = 0;
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            await connection.SendAsync("""{"event":"hello"}""");
            foreach (var number in Interlocked.Increment(ref connections) == 1 ? [1, 2] : new[] { 2, 3 })
            {
                await connection.SendAsync($$"""{"n":{{number}}}""");
            }

            if (connections == 1)
            {
                await connection.CloseAsync(1001);
            }

            await connection.UntilClosedAsync();
        });
        using var bench = WebSocketRun.Bench(
            $"{server.Address}/?from={{{{cursor}}}}", ("cursor-path", "n"), ("cursor-start", "0"), ("cursor-inclusive", "true"));

        var outcome = await bench.RunAsync(expected: 5);

        Assert.Equal(["1", "2", "3"], bench.Records().Select(record => record["n"]).OfType<string>());
        Assert.Equal((5, 1), (outcome.Run.Read, outcome.Run.Deduplicated));
    }

    [Fact]
    public void Only_a_cursor_that_is_used_or_a_journal_makes_more_than_best_effort()
    {
        Assert.False(CapabilitiesOf("ws://localhost").Replayable);
        Assert.False(CapabilitiesOf("ws://localhost", ("cursor-path", "id")).Replayable);
        Assert.True(CapabilitiesOf("ws://localhost/?from={{cursor}}", ("cursor-path", "id")).Replayable);
        Assert.True(CapabilitiesOf("ws://localhost", ("cursor-path", "id"), ("subscribe", "[\"{{cursor}}\"]")).Replayable);
        Assert.True(CapabilitiesOf("ws://localhost", ("journal", "true")).Replayable);
    }

    private static SourceCapabilities CapabilitiesOf(string address, params (string, string)[] options)
    {
        var source = SourceBinding.Bind("p", WebSocketRun.ConfigOf("websocket", address, options), BuiltInCatalogue.Instance);
        return source.Definition.Capabilities(source.Settings);
    }
}
