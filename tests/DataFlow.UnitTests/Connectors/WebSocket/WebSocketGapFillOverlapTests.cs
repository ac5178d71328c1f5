using DataFlow.Conformance;
using DataFlow.UnitTests.Fakes;
using static DataFlow.UnitTests.Connectors.GapFillRun;

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
            Assert.Contains(SourceGap.Ledger(run.Context.Gaps), gap => gap.Unfilled?.Contains(hindrance) is true);
            Assert.DoesNotContain(run.Context.Gaps, gap => gap is { Missing: null, Filled: not null });
            Assert.Equal([1, 2, 2, 3, 3, 4, 5], run.Numbers.Order());
        }
    }
}
