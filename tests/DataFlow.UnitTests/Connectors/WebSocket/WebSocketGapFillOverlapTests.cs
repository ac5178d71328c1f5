using System.Globalization;
using DataFlow.Conformance;
using DataFlow.Connectors;
using DataFlow.UnitTests.Fakes;
using Microsoft.AspNetCore.Http;

namespace DataFlow.UnitTests.Connectors;

/// <summary>What an API gives out for a gap, and what the stream brings, are one: nothing twice and nothing lost, in whatever order they come.</summary>
public sealed class WebSocketGapFillOverlapTests
{
    [Fact]
    public async Task What_is_queued_when_a_gap_is_over_is_handed_on_before_the_API_is_asked()
    {
        StreamRun? run = null;
        var handedOn = 0;
        await using var server = await WebSocketRun.ServeNumbersAsync([1, 2, 3], [.. Enumerable.Range(10, 30)]);
        await using var api = await TestApi.OfJsonAsync((_, _) =>
        {
            handedOn = run!.Numbers.Count;
            return Numbers(4, 39);
        });
        await using var it = run = Run(Context(batch: 2), server, api, ("buffer-records", "10"));
        await run.UntilNumbersAsync(3);
        await Eventually.Is(() => run.Context.Reports.Any(report => report.Reason.StartsWith("The buffer is full")));

        await run.UntilAsync(() => IsFilled(run) && run.Numbers.Contains(39));

        // The buffer holds the gap and nine messages, of which the last batch is perhaps not counted yet.
        Assert.InRange(handedOn, 3 + 7, 39);
        Assert.Equal(Enumerable.Range(1, 39), run.Numbers.Order());
    }

    [Fact]
    public async Task What_the_stream_brings_after_the_API_has_given_it_out_is_left_out_and_counted()
    {
        var answered = new TaskCompletionSource();
        var connections = 0;
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            var isFirst = Interlocked.Increment(ref connections) == 1;
            await SendAsync(connection, isFirst ? [1, 2, 3] : [9]);
            if (isFirst)
            {
                await connection.CloseAsync(1001);
                return;
            }

            await answered.Task;
            await SendAsync(connection, [10, 11, 12]);
            await connection.UntilClosedAsync();
        });
        await using var api = await TestApi.OfJsonAsync((_, _) => Numbers(3, 11));
        await using var run = Run(Context(), server, api);
        await run.UntilAsync(() => IsFilled(run));
        answered.SetResult();

        await run.UntilNumbersAsync(12);

        Assert.Equal(Enumerable.Range(1, 12), run.Numbers.Order());
        Assert.Equal(4, run.Deduplicated);
    }

    [Fact]
    public async Task A_batch_that_is_longer_than_what_is_remembered_loses_no_key_that_matters()
    {
        await using var server = await WebSocketRun.ServeNumbersAsync([.. Enumerable.Range(1, 20)], [.. Enumerable.Range(30, 39)]);
        await using var api = await TestApi.OfJsonAsync((_, _) => Numbers(16, 34));
        var context = new TestSourceContext { MostRecords = 20, Latency = TimeSpan.FromDays(1) };
        await using var run = Run(context, server, api, ("remember", "5"));

        await run.UntilAsync(() => run.Numbers.Count >= 68, TimeSpan.FromMilliseconds(10));

        Assert.Equal(Enumerable.Range(1, 68), run.Numbers.Order());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_gaps_side_by_side_share_what_the_API_gives_out_for_both(bool newestFirst)
    {
        var second = new TaskCompletionSource();
        var third = new TaskCompletionSource();
        await using var server = await ServeAsync([1, 2, 3], [10], second.Task, [20]);
        await using var api = await TestApi.StartAsync(async (context, _) =>
        {
            var (first, last) = context.Number("after") == 3 ? (4, 12) : (9, 19);
            var page = context.Number("offset");
            if (first == 4 && page == 4)
            {
                second.TrySetResult();
                await third.Task;
            }

            var numbers = Enumerable.Range(first, last - first + 1);
            await context.JsonAsync(Json([.. (newestFirst ? numbers.Reverse() : numbers).Skip(page).Take(2)]));
        });
        await using var run = Run(
            Context(), server, api, ("remember", "4"), ("margin", "1"), ("pagination-size", "2"));

        await run.UntilAsync(() => run.Numbers.Contains(20));
        third.SetResult();
        await run.UntilAsync(() => IsFilled(run, gaps: 2));

        Assert.Equal(Enumerable.Range(1, 20), run.Numbers.Order());
    }

    [Fact]
    public async Task A_large_fill_does_not_displace_the_messages_before_a_second_gap()
    {
        var (second, third) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var server = await ServeAsync([1, 2, 3], [1004, 1005, 1006, 1007, 1008], second.Task, [1020]);
        await using var api = await TestApi.StartAsync(async (context, _) =>
        {
            var (first, last) = context.Number("after") == 3 ? (4, 1003) : (1004, 1019);
            var from = first + context.Number("offset");
            if (from == 504)
            {
                second.TrySetResult();
                await third.Task;
            }

            await context.JsonAsync(Numbers(from, Math.Min(last, from + 99)));
        });
        await using var run = Run(Context(), server, api, ("remember", "10"), ("pagination-size", "100"));

        await run.UntilAsync(() => run.Numbers.Contains(1020));
        third.SetResult();
        await run.UntilAsync(() => IsFilled(run, gaps: 2));

        Assert.Equal(Enumerable.Range(1, 1020), run.Numbers.Order());
    }

    [Fact]
    public async Task Records_that_an_API_gives_out_on_several_pages_come_once()
    {
        await using var server = await WebSocketRun.ServeNumbersAsync([1, 2], [8]);
        await using var api = await TestApi.OfJsonAsync((context, _) => context.Number("offset") switch
        {
            0 => Json([3, 4, 4]),
            3 => Json([4, 5, 3]),
            _ => Json([6, 7]),
        });
        await using var run = Run(Context(), server, api, ("pagination-size", "3"));

        await run.UntilAsync(() => IsFilled(run));

        Assert.Equal(Enumerable.Range(1, 8), run.Numbers.Order());
        Assert.Equal(3, run.Deduplicated);
    }

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

    [Theory]
    [InlineData("false")]
    [InlineData("true")]
    public async Task A_process_that_dies_in_the_middle_of_a_page_brings_the_rest_of_it_and_nothing_twice(string journal)
    {
        using var folder = new State.TemporaryFolder();
        await using var server = await WebSocketRun.ServeNumbersAsync([1, 2, 3], [13], [14], [15], [16]);
        await using var api = await TestApi.OfJsonAsync((context, _) => Numbers(4 + context.Number("offset"), Math.Min(12, 8 + context.Number("offset"))));
        var context = new TestSourceContext { Clock = new JumpingClock(), MostRecords = 2, Latency = TimeSpan.Zero, StateFolder = folder.Path };
        var numbers = new List<int>();
        foreach (var dies in new[] { 6, 8, 10, int.MaxValue })
        {
            await using var run = Run(
                context, server, api, ("journal", journal), ("pagination-size", "5"));
            await run.UntilAsync(() => numbers.Concat(run.Numbers).Count(number => number < 13) >= Math.Min(dies, 12));
            if (dies == int.MaxValue)
            {
                await run.UntilAsync(() => IsFilled(run));
            }

            numbers.AddRange(run.Numbers);
        }

        Assert.Equal(Enumerable.Range(1, 12), numbers.Where(number => number < 13).Order());
        Assert.Equal(numbers.Distinct().Count(), numbers.Count);
    }

    [Theory]
    [InlineData("?after={{last}}&before={{next}}", "id", "don't enclose it; ask by {{from}} and {{to}}")]
    [InlineData("?from={{from}}&to={{to}}", "n", "deduplicate by a key that is never used again")]
    [InlineData("?from={{from}}&to={{to}}", "id", null)]
    public async Task A_gap_in_which_the_numbers_begin_anew_is_asked_for_by_time_and_by_a_key_of_its_own_or_it_is_said(string query, string key, string? hindrance)
    {
        var connections = 0;
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            var isFirst = Interlocked.Increment(ref connections) == 1;
            foreach (var number in isFirst ? [1, 2, 3] : new[] { 2, 3, 5 })
            {
                await connection.SendAsync($$"""{"n":{{number}},"id":"{{(isFirst ? "old" : "new")}}-{{number}}"}""");
            }

            if (isFirst)
            {
                await connection.CloseAsync(1001);
            }

            await connection.UntilClosedAsync();
        });
        await using var api = await TestApi.OfJsonAsync((context, request) => request > 1 || hindrance is not null
            ? """{"data":[{"n":4,"id":"new-4"}]}"""
            : """{"data":[{"n":3,"id":"old-3"},{"n":4,"id":"old-4"},{"n":1,"id":"new-1"},{"n":2,"id":"new-2"}]}""");
        await using var run = Run(Context(), server, api, query, ("deduplicate-by", key));

        if (hindrance is null)
        {
            await run.UntilAsync(() => IsFilled(run, gaps: 2));
            Assert.Equal([1, 1, 2, 2, 3, 3, 4, 4, 5], run.Numbers.Order());
            Assert.Equal((null, 2), (run.Context.Gaps.First().Missing, run.Context.Gaps.First(gap => gap.Filled is not null).Filled));
        }
        else
        {
            await run.UntilNumbersAsync(7);
            Assert.Contains(run.Context.Log.Lines, line => line.StartsWith("Warning: Gap since ") && line.Contains(hindrance));
            Assert.DoesNotContain(run.Context.Gaps, gap => gap is { Missing: null, Filled: not null });
            Assert.Equal([1, 2, 2, 3, 3, 4, 5], run.Numbers.Order());
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

    private static TestSourceContext Context(int batch = 100) => new() { Clock = new JumpingClock(), MostRecords = batch, Latency = TimeSpan.Zero };

    private static StreamRun Run(TestSourceContext context, WebSocketServer server, TestApi api, params (string Name, string Value)[] options) =>
        Run(context, server, api, "?after={{last}}&before={{next}}", options);

    private static StreamRun Run(TestSourceContext context, WebSocketServer server, TestApi api, string query, params (string Name, string Value)[] options)
    {
        string[] ofApi = ["pagination-size", "max-retries", "headers-timeout"];
        string[] ofGaps = ["margin", "deduplicate-by", "remember"];
        var paging = options.Any(option => option.Name == "pagination-size") ? "offset" : "none";
        var reading = OptionsOf([("pagination-type", paging), ("headers-timeout", "10h"), ("body-timeout", "10h"), .. options.Where(option => ofApi.Contains(option.Name))]);
        var onGap = OptionsOf([("connection", api.Address + query), ("deduplicate-by", "n"), ("margin", "0"), .. options.Where(option => ofGaps.Contains(option.Name))], reading);
        return new StreamRun(
            context, server.Address, [("on-gap", onGap), .. options.Where(option => !ofApi.Contains(option.Name) && !ofGaps.Contains(option.Name))]);
    }

    private static bool IsFilled(StreamRun run, int gaps = 1) => run.Context.Gaps.Count(gap => gap.Filled is not null) >= gaps;

    private static string Position(StreamRun run) => run.Context.Positions[WebSocketSourceConnector.Split].Json;

    private static string Numbers(int from, int to) => Json([.. Enumerable.Range(from, Math.Max(0, to - from + 1))]);

    private static string OptionsOf(IEnumerable<(string Name, string Value)> options, string? nested = null) => "{" + string.Join(',', options
        .GroupBy(option => option.Name).Select(group => $"\"{group.Key}\":\"{group.Last().Value}\"")
        .Concat(nested is null ? [] : [$"\"options\":{nested}"])) + "}";

    private static string Json(int[] numbers) => "{\"data\":[" + string.Join(',', numbers.Select(number => $$"""{"n":{{number}}}""")) + "]}";

    private static async Task SendAsync(ServerConnection connection, IEnumerable<int> numbers)
    {
        foreach (var number in numbers)
        {
            await connection.SendAsync($$"""{"n":{{number}}}""");
        }
    }

    /// <summary>Three connections: the first one is closed at once, the second one when something has ended.</summary>
    private static Task<WebSocketServer> ServeAsync(int[] first, int[] second, Task end, int[] third)
    {
        var connections = 0;
        return WebSocketServer.StartAsync(async connection =>
        {
            var mine = Interlocked.Increment(ref connections);
            await SendAsync(connection, mine switch { 1 => first, 2 => second, _ => third });
            if (mine == 2)
            {
                await end;
            }

            if (mine < 3)
            {
                await connection.CloseAsync(1001);
            }

            await connection.UntilClosedAsync();
        });
    }
}
