using System.Globalization;
using DataFlow.Conformance;
using DataFlow.Connectors;
using DataFlow.UnitTests.Fakes;
using Microsoft.AspNetCore.Http;
using static DataFlow.UnitTests.Connectors.GapFillRun;

namespace DataFlow.UnitTests.Connectors;

/// <summary>A gap that can't be filled yet waits, and keeps nothing else from going on.</summary>
public sealed class WebSocketGapFillWaitingTests
{
    [Fact]
    public async Task A_silent_stream_keeps_no_gap_from_being_filled()
    {
        await using var server = await WebSocketRun.ServeNumbersAsync([1, 2], []);
        await using var api = await TestApi.OfJsonAsync((_, _) => Numbers(3, 4));
        await using var run = Run(Context(), server, api, "?from={{from}}&to={{to}}", ("sequence-path", ""), ("margin", "30"));

        await run.UntilAsync(() => IsFilled(run));

        Assert.Equal([1, 2, 3, 4], run.Numbers);
    }

    [Fact]
    public async Task Many_failed_tries_make_the_position_no_longer_and_the_stream_goes_on()
    {
        var more = new TaskCompletionSource();
        var connections = 0;
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            var isFirst = Interlocked.Increment(ref connections) == 1;
            await SendAsync(connection, Enumerable.Range(isFirst ? 1 : 10_000, 100));
            if (isFirst)
            {
                await connection.CloseAsync(1001);
                return;
            }

            await more.Task;
            await SendAsync(connection, Enumerable.Range(10_100, 1000));
            await connection.UntilClosedAsync();
        });
        await using var api = await TestApi.StartAsync((context, _) => context.JsonAsync("{}", StatusCodes.Status410Gone));
        await using var run = Run(Context(), server, api, ("remember", "20"));
        await run.UntilAsync(() => run.Numbers.Count == 200 && run.Context.Log.Lines.Any(IsFailure));
        var length = Position(run).Length;

        await run.UntilAsync(() => run.Context.Log.Lines.Count(IsFailure) >= 30);
        more.SetResult();
        await run.UntilNumbersAsync(1200);

        // Of the newest messages, up to twice as many as asked for are remembered, with eleven characters each.
        Assert.InRange(Position(run).Length, length - 250, length + 250);

        static bool IsFailure(string line) => line.Contains("is not filled yet (on-gap)") && line.Contains("410");
    }

    [Fact]
    public async Task An_API_that_never_answers_keeps_nothing_back_and_is_asked_again()
    {
        var isWell = false;
        await using var server = await WebSocketRun.ServeNumbersAsync([1, 2], [.. Enumerable.Range(5, 50)]);
        await using var api = await TestApi.StartAsync(async (context, _) =>
        {
            if (!Volatile.Read(ref isWell))
            {
                await new TaskCompletionSource().Task.WaitAsync(context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return;
            }

            await context.JsonAsync(Numbers(3, 4));
        });
        await using var run = Run(
            Context(), server, api, ("headers-timeout", "1"), ("max-retries", "0"));

        await run.UntilAsync(() => run.Numbers.Contains(54) && run.Context.Log.Lines.Count(line => line.Contains("is not filled yet (on-gap)")) >= 3);
        Assert.DoesNotContain(3, run.Numbers);
        Volatile.Write(ref isWell, true);
        await run.UntilAsync(() => IsFilled(run));

        Assert.Equal(Enumerable.Range(1, 54), run.Numbers.Order());
    }

    [Fact]
    public async Task What_works_again_is_asked_with_short_pauses_again()
    {
        var asked = 0;
        await using var server = await WebSocketRun.ServeNumbersAsync([1, 2], [9]);
        await using var api = await TestApi.StartAsync((context, _) => Interlocked.Increment(ref asked) is 4 or 8
            ? context.JsonAsync(Numbers(3 + context.Number("offset"), 5 + context.Number("offset")))
            : context.JsonAsync("{}", asked < 8 ? StatusCodes.Status410Gone : StatusCodes.Status200OK));
        await using var run = Run(
            Context(), server, api, ("reconnect-min-backoff", "1"), ("reconnect-max-backoff", "30"),
            ("pagination-size", "3"), ("max-retries", "0"));

        await run.UntilAsync(() => run.Context.Log.Lines.Count(line => line.Contains("tried again in")) >= 5);

        var seconds = run.Context.Log.Lines.Where(line => line.Contains("tried again in"))
            .Select(line => double.Parse(line.Split("tried again in ")[1].Split(' ')[0], CultureInfo.InvariantCulture)).Take(5).ToArray();
        foreach (var (pause, least) in seconds.Zip([1.0, 2, 4, 1, 2]))
        {
            Assert.InRange(pause, least, least * 1.21);
        }
    }

    [Fact]
    public async Task A_gap_that_ends_in_the_far_future_because_the_clock_was_set_back_stops_nothing()
    {
        await using var server = await WebSocketRun.ServeNumbersAsync([1, 2, 3]);
        await using var api = await TestApi.OfJsonAsync((_, _) => Numbers(3, 4));
        var context = new TestSourceContext { Latency = TimeSpan.Zero };
        var now = context.Clock.GetUtcNow();
        var gap = new SourceGap(now.AddDays(99), now.AddDays(100), null, null, null, "The clock was wrong.");
        context.Positions[WebSocketSourceConnector.Split] = new WebSocketPosition(StreamPlace.Start, GapFillState.Start.Open(gap, 10)).ToSplitPosition();
        await using var run = Run(context, server, api, "?from={{from}}&to={{to}}", ("sequence-path", ""));

        await run.UntilNumbersAsync(3);
        Assert.Empty(api.Requests);
        await run.UntilAsync(() => IsFilled(run), TimeSpan.FromHours(6));

        Assert.Equal([1, 2, 3, 4], run.Numbers.Order());
    }

    [Fact]
    public void What_waits_to_be_filled_is_said_only_while_the_stream_is_well()
    {
        var context = new TestSourceContext();
        var health = new StreamHealth(context);
        var gap = new SourceGap(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, 1, 3, 1, "");

        health.Unfilled(gap, "no answer");
        health.Connected("connected");
        health.Unfilled(gap, "no answer");
        health.Lost("cut", "cut, again in 1 s");
        health.Unfilled(gap, "no answer");

        Assert.Equal([SourceHealth.Healthy, SourceHealth.Waiting, SourceHealth.Unhealthy], context.Reports.Select(report => report.Health));
        Assert.Contains("The gap since 1970-01-01 00:00:00Z is not filled yet: no answer", context.Reports.ElementAt(1).Reason);
        Assert.Single(context.ConnectionErrors);
    }
}
