using System.Net.WebSockets;
using DataFlow.Conformance;
using DataFlow.Connectors;
using DataFlow.UnitTests.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.UnitTests.Connectors;

/// <summary>Nothing from before the begin of a gap is missing, however late an interruption is noticed.</summary>
public sealed class WebSocketGapLedgerTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);

    [Theory]
    [InlineData(RawConnection.Close, new byte[] { 3, 0xe9 })]
    [InlineData(RawConnection.Text, new byte[] { 0xff })]
    public async Task What_came_while_a_slow_pipeline_did_not_listen_and_is_lost_lies_within_the_gap(int opcode, byte[] payload)
    {
        var (more, ends, ended) = (new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource());
        await using var server = Serve(more.Task, async connection =>
        {
            await ends.Task;
            await connection.SendAsync(opcode, payload);
            ended.SetResult();
            await connection.IgnoreAsync();
        });
        var context = new TestSourceContext { MostRecords = 1, Latency = TimeSpan.Zero };
        await using var run = new StreamRun(context, server.Address, ("buffer-records", "1"));
        await StandStillAsync(run, more);
        var stoodStill = context.Clock.GetUtcNow();
        context.Clock.Advance(TimeSpan.FromMinutes(10));
        ends.SetResult();
        await ended.Task;

        await run.UntilAsync(() => run.Numbers.Contains(20), Step);

        var gap = Assert.Single(context.Gaps);
        Assert.True(gap.From <= stoodStill, $"{gap}");
        Assert.True(gap.To >= stoodStill + TimeSpan.FromMinutes(10), $"{gap}");
        Assert.Equal(20, gap.Next);
    }

    [Fact]
    public async Task So_it_is_after_a_restart_because_what_was_read_late_came_earlier()
    {
        var (more, sent) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var server = Serve(more.Task, connection =>
        {
            sent.SetResult();
            return connection.IgnoreAsync();
        });
        var context = new TestSourceContext { MostRecords = 1, Latency = TimeSpan.Zero };
        DateTimeOffset stoodStill;
        await using (var run = new StreamRun(context, server.Address, ("buffer-records", "1")))
        {
            await StandStillAsync(run, more);
            await sent.Task;
            stoodStill = context.Clock.GetUtcNow();
            context.Clock.Advance(TimeSpan.FromMinutes(10));
            await run.UntilNumbersAsync(4);
        }

        await using var again = new StreamRun(context, server.Address);
        await again.UntilAsync(() => again.Numbers.Contains(20), Step);

        var gap = Assert.Single(context.Gaps);
        Assert.Equal(("The source was not running.", 4, 20), (gap.Reason, gap.Last, gap.Next));
        Assert.True(gap.From <= stoodStill, $"{gap}");
    }

    [Fact]
    public async Task A_quiet_connection_was_heard_until_its_last_ping_was_answered()
    {
        var (say, gone) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            await say.Task;
            await connection.SendAsync("late");
            await gone.Task;
        });
        var clock = new FakeTimeProvider();
        await using var connection = await ConnectAsync(server, clock);
        var began = clock.GetUtcNow();
        var reading = connection.ReadAsync().AsTask();
        clock.Advance(TimeSpan.FromHours(1));
        say.SetResult();
        Assert.True(await reading);
        Assert.Equal(began + TimeSpan.FromHours(1), connection.HeardUpTo);

        reading = connection.ReadAsync().AsTask();
        clock.Advance(TimeSpan.FromHours(1));
        gone.SetResult();

        Assert.False(await reading);
        Assert.Equal(began + TimeSpan.FromHours(2) - TimeSpan.FromSeconds(47.5), connection.HeardUpTo);
    }

    [Fact]
    public async Task A_message_that_had_begun_is_lost_with_its_connection()
    {
        var (say, gone) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            await say.Task;
            await connection.SendAsync("""{"n":""", isLast: false);
            await gone.Task;
        });
        var clock = new FakeTimeProvider();
        await using var connection = await ConnectAsync(server, clock);
        var reading = connection.ReadAsync().AsTask();
        clock.Advance(TimeSpan.FromHours(1));
        var began = clock.GetUtcNow();
        say.SetResult();
        await Eventually.Is(() => connection.HeardUpTo == began);
        clock.Advance(TimeSpan.FromHours(1));
        gone.SetResult();

        Assert.False(await reading);
        Assert.Equal(began, connection.HeardUpTo);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(2)]
    public async Task When_the_numbers_begin_anew_after_an_interruption_nobody_knows_how_many_are_missing(int next)
    {
        await using var server = await WebSocketRun.ServeNumbersAsync([1, 2, 3], [next, next + 1]);
        using var bench = WebSocketRun.Bench(server.Address, ("sequence-path", "n"), ("gap-records", "true"));

        var outcome = await bench.RunAsync(expected: 6);

        Assert.Null(outcome.Error);
        var gap = Assert.Single(await bench.GapsAsync());
        Assert.Equal((3, next, null), (gap.Last, gap.Next, gap.Missing));
        Assert.DoesNotContain("missing", gap.ToString());
        Assert.Equal(1, bench.Metrics["dataflow.source.websocket.gaps"]);
        Assert.Equal(0, bench.Metrics["dataflow.source.websocket.gap.missing"]);
        Assert.Contains(bench.Log.Lines, line => line.StartsWith("Warning: Gap of ") && line.Contains("what is missing is not known"));
        Assert.False(bench.Records()[3].Data.ContainsKey("missing"));
    }

    [Fact]
    public async Task When_they_begin_anew_without_an_interruption_the_ledger_says_so_and_counts_on_from_there()
    {
        await using var server = await WebSocketRun.ServeNumbersAsync([7, 8, 8, 1, 2, 4]);
        using var bench = WebSocketRun.Bench(server.Address, ("sequence-path", "n"));

        var outcome = await bench.RunAsync(expected: 6);

        Assert.Null(outcome.Error);
        var gaps = await bench.GapsAsync();
        Assert.Equal([(8, 1, null), (2, 4, 1L)], gaps.Select(gap => ((int)gap.Last!, (int)gap.Next!, gap.Missing)));
        Assert.Equal("The server's numbers began anew.", gaps[0].Reason);
    }

    [Fact]
    public void A_clock_that_was_set_back_makes_no_gap_that_ends_before_it_begins()
    {
        var heard = new DateTimeOffset(2024, 1, 1, 10, 0, 0, TimeSpan.Zero);
        var ledger = new GapLedger(new WebSocketSourceOptions(), StreamPlace.Start with { HeardUpTo = heard });

        var gap = ledger.Connected(heard.AddHours(-1))!;

        Assert.Equal((heard, heard), (gap.From, gap.To));
    }

    /// <summary>Sends 1 to its first connection, then 2 to 6 at once, and does something with it; sends 20 to the others.</summary>
    private static RawWebSocketServer Serve(Task more, Func<RawConnection, Task> first) => new(async connection =>
    {
        if (connection.Number > 1)
        {
            await SendAsync([20]);
            await connection.IgnoreAsync();
            return;
        }

        await SendAsync([1]);
        await more;
        await SendAsync([2, 3, 4, 5, 6]);
        await first(connection);

        async Task SendAsync(int[] numbers)
        {
            foreach (var number in numbers)
            {
                await connection.SendAsync($$"""{"n":{{number}}}""");
            }
        }
    });

    /// <summary>Takes the first message, and waits until the third one finds no room and nobody reads any more.</summary>
    private static async Task StandStillAsync(StreamRun run, TaskCompletionSource more)
    {
        await run.NextAsync();
        more.SetResult();
        await Eventually.Is(() => run.Context.Reports.Any(report => report.Reason.StartsWith("The buffer is full")));
    }

    private static async Task<WebSocketConnection> ConnectAsync(WebSocketServer server, TimeProvider clock)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri(server.Address), TestContext.Current.CancellationToken);
        return new WebSocketConnection(socket, new WebSocketSourceOptions(), clock);
    }
}
