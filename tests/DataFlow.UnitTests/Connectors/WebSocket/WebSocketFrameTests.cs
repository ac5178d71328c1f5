using System.Text;
using DataFlow.Conformance;

namespace DataFlow.UnitTests.Connectors;

/// <summary>Frames that are not as they should be, and those that are.</summary>
public sealed class WebSocketFrameTests
{
    [Fact]
    public async Task A_message_over_the_limit_is_a_dead_letter_with_its_beginning_and_the_next_is_read()
    {
        var message = """{"id":"huge","text":"0123456789"}""" + new string(' ', 100_000);
        await using var server = await WebSocketRun.ServeAsync("""{"id":"a"}""", message, """{"id":"b"}""");
        using var bench = WebSocketRun.Bench(server.Address, ("max-message-bytes", "20000"));

        var outcome = await bench.RunAsync(expected: 2);

        Assert.Null(outcome.Error);
        Assert.Equal(["a", "b"], bench.Records().Select(record => record.Id));
        var letter = Assert.Single(await bench.DeadLettersAsync()).Error;
        Assert.Equal("message-too-long", letter.Reason);
        Assert.Contains("Message 2 is longer than max-message-bytes (20000) allows", letter.Message);
        Assert.StartsWith(Encoding.UTF8.GetString(letter.Raw), message);
        Assert.True(letter.Raw.Length >= 20_000);
    }

    [Fact]
    public async Task A_message_at_the_limit_is_a_record()
    {
        var message = """{"id":"a"}""".PadRight(20_000);
        await using var server = await WebSocketRun.ServeAsync(message, message + " ", """{"id":"b"}""");
        using var bench = WebSocketRun.Bench(server.Address, ("max-message-bytes", "20000"));

        await bench.RunAsync(expected: 2);

        Assert.Equal(["a", "b"], bench.Records().Select(record => record.Id));
        Assert.Single(await bench.DeadLettersAsync());
    }

    [Theory]
    [InlineData("close", 1)]
    [InlineData("dead-letter", 16)]
    public async Task A_message_that_may_not_be_or_never_ends_closes_the_connection_with_1009(string policy, int times)
    {
        var code = new TaskCompletionSource<int>();
        await using var server = new RawWebSocketServer(async connection =>
        {
            if (connection.Number > 1)
            {
                await connection.SendAsync("""{"id":"after"}""");
                await connection.IgnoreAsync();
                return;
            }

            var closing = connection.CloseCodeAsync();
            var sent = 0;
            for (var opcode = RawConnection.Text; !closing.IsCompleted && sent < 10_000_000; opcode = RawConnection.Continuation)
            {
                await connection.SendAsync(opcode, new byte[1000].Select(_ => (byte)'x').ToArray(), isLast: false);
                sent += 1000;
            }

            code.TrySetResult(await closing);
        });
        using var bench = WebSocketRun.Bench(server.Address, ("max-message-bytes", "20000"), ("on-long-message", policy));

        var outcome = await bench.RunAsync(expected: 1);

        Assert.Null(outcome.Error);
        Assert.Equal("after", Assert.Single(bench.Records()).Id);
        var reason = (await bench.GapsAsync())[0].Reason;
        Assert.Matches("^A message reached [0-9]+ bytes, more than max-message-bytes .20000. allows: the connection was closed with code 1009.$", reason);
        Assert.InRange(int.Parse(reason.Split(' ')[3]), 20_000 * times, (20_000 * times) + 20_000);
    }

    [Fact]
    public async Task Text_that_is_no_utf8_closes_the_connection_with_1007_and_the_ledger_knows()
    {
        var code = new TaskCompletionSource<int>();
        await using var server = new RawWebSocketServer(async connection =>
        {
            if (connection.Number == 1)
            {
                await connection.SendAsync("""{"n":1}""");
                await connection.SendAsync(RawConnection.Text, [0x7b, 0xff, 0x7d]);
                code.SetResult(await connection.CloseCodeAsync());
                return;
            }

            await connection.SendAsync("""{"n":3}""");
            await connection.IgnoreAsync();
        });
        using var bench = WebSocketRun.Bench(server.Address, ("sequence-path", "n"));

        var outcome = await bench.RunAsync(expected: 2);

        Assert.Null(outcome.Error);
        Assert.Equal(1007, await code.Task);
        var gap = Assert.Single(await bench.GapsAsync());
        Assert.Equal((1, 3, 1), (gap.Last, gap.Next, gap.Missing));
        Assert.Contains("UTF-8", gap.Reason);
    }

    [Fact]
    public async Task Frames_against_the_protocol_end_the_connection_and_it_goes_on()
    {
        await using var server = new RawWebSocketServer(async connection =>
        {
            if (connection.Number == 1)
            {
                await connection.SendAsync(7, [1, 2, 3]);
                await connection.IgnoreAsync();
                return;
            }

            await connection.SendAsync("""{"id":"after"}""");
            await connection.IgnoreAsync();
        });
        using var bench = WebSocketRun.Bench(server.Address);

        var outcome = await bench.RunAsync(expected: 1);

        Assert.Null(outcome.Error);
        Assert.Equal("after", Assert.Single(bench.Records()).Id);
        Assert.StartsWith("The server sent what the protocol forbids", (await bench.GapsAsync())[0].Reason);
    }

    [Fact]
    public async Task Control_frames_between_fragments_cost_nothing()
    {
        await using var server = new RawWebSocketServer(async connection =>
        {
            await connection.SendAsync(RawConnection.Text, "{\"id\":"u8.ToArray(), isLast: false);
            await connection.SendAsync(RawConnection.Ping, []);
            await connection.SendAsync(RawConnection.Continuation, [], isLast: false);
            await connection.SendAsync(RawConnection.Pong, [1]);
            await connection.SendAsync(RawConnection.Continuation, "\"x\"}"u8.ToArray());
            await connection.IgnoreAsync();
        });
        using var bench = WebSocketRun.Bench(server.Address);

        await bench.RunAsync(expected: 1);

        Assert.Equal("x", Assert.Single(bench.Records()).Id);
    }

    [Fact]
    public async Task Compression_is_offered_by_option_only_and_its_messages_are_the_same()
    {
        var message = $$"""{"id":"x","text":"{{string.Concat(Enumerable.Repeat("again and ", 500))}}"}""";
        foreach (var compression in new[] { "false", "true" })
        {
            await using var server = await WebSocketRun.ServeAsync(message);
            using var bench = WebSocketRun.Bench(server.Address, ("compression", compression));

            await bench.RunAsync(expected: 1);

            Assert.Equal(5000, Assert.Single(bench.Records())["text"]!.Length);
            Assert.Equal(compression == "true", server.Requests[0].Headers.TryGetValue("Sec-WebSocket-Extensions", out var offer) && offer.Contains("permessage-deflate"));
        }

    }
}
