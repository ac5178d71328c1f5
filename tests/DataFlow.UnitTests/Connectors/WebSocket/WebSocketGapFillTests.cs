using System.Globalization;
using DataFlow.Conformance;
using DataFlow.Engine;
using DataFlow.Engine.Configuration;
using DataFlow.UnitTests.State;
using Microsoft.AspNetCore.Http;

namespace DataFlow.UnitTests.Connectors;

/// <summary>What a gap has cost is asked for at a REST API, while the stream goes on.</summary>
public sealed class WebSocketGapFillTests
{
    [Fact]
    public async Task What_is_missing_comes_from_the_API_and_what_came_already_is_left_out()
    {
        await using var server = await ServeAsync([1, 2, 3], [10, 11]);

        // It gives out more than was asked for.
        await using var api = await TestApi.OfJsonAsync($$"""{"data":{{Numbers(2, 10)}}}""");
        using var bench = Bench(server, api, "?after={{last}}&before={{next}}");

        var outcome = await RunUntilFilledAsync(bench, 11);

        Assert.Null(outcome.Error);
        Assert.Equal(Enumerable.Range(1, 11), NumbersIn(bench).Order());
        Assert.Equal(["/?after=3&before=10"], api.Targets);
        Assert.Equal((11, 3), (outcome.Run.Delivered, outcome.Run.Deduplicated));
        var gap = Assert.Single(SourceGap.Ledger(await bench.GapsAsync()));
        Assert.Equal((3, 10, 6, 6), (gap.Last, gap.Next, gap.Missing, gap.Filled));
        Assert.Equal(6, bench.Metrics["dataflow.source.websocket.gap.filled"]);
        Assert.Equal(11, bench.Records().Select(record => record.DeliveryId).Distinct().Count());
        var filled = bench.Records().First(record => record["n"] == "7");
        Assert.Equal("api", filled.Metadata["source"]);
        Assert.Equal(gap.From.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture), filled.Metadata["gap"]);
    }

    [Fact]
    public async Task Without_sequence_numbers_it_is_asked_for_by_time_with_a_margin()
    {
        await using var server = await ServeAsync([1, 2, 3], [7, 8]);
        await using var api = await TestApi.OfJsonAsync($$"""{"data":{{Numbers(3, 7)}}}""");
        using var bench = Bench(server, api, "?from={{from}}&to={{to-ms}}", ("sequence-path", ""), ("margin", "100ms"));

        var outcome = await RunUntilFilledAsync(bench, 8);

        Assert.Null(outcome.Error);
        Assert.Equal(Enumerable.Range(1, 8), NumbersIn(bench).Order());
        var gap = Assert.Single(SourceGap.Ledger(await bench.GapsAsync()));
        Assert.Null(gap.Missing);
        Assert.Equal(3, gap.Filled);
        var query = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(Assert.Single(api.Targets).TrimStart('/'));
        Assert.Equal((gap.From - TimeSpan.FromMilliseconds(100)).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture), query["from"]);
        Assert.Equal((gap.To + TimeSpan.FromMilliseconds(100)).ToUnixTimeMilliseconds(), long.Parse(query["to"]!, CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task An_API_that_fails_is_asked_again_and_the_stream_goes_on_meanwhile()
    {
        var release = new TaskCompletionSource();
        await using var server = await ServeAsync(release.Task, [1, 2, 3], [6, 7], [8, 9]);
        var mended = false;
        await using var api = await TestApi.StartAsync((context, _) => Volatile.Read(ref mended)
            ? context.JsonAsync($$"""{"data":{{Numbers(4, 5)}}}""")
            : context.JsonAsync("""{"error":"maintenance"}""", StatusCodes.Status404NotFound));
        using var bench = Bench(server, api, "?after={{last}}");
        var run = RunUntilFilledAsync(bench, 9);

        await Eventually.Is(() => bench.Log.Lines.Count(line => line.Contains("is not filled yet (on-gap)")) >= 2 || run.IsCompleted);
        release.SetResult();
        await Eventually.Is(() => NumbersIn(bench).Contains(9) || run.IsCompleted);
        Assert.DoesNotContain(4, NumbersIn(bench));
        Volatile.Write(ref mended, true);

        Assert.Null((await run).Error);
        Assert.Equal(Enumerable.Range(1, 9), NumbersIn(bench).Order());
        Assert.Contains(bench.Log.Lines, line => line.Contains("API request failed with status: 404"));
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task A_gap_that_can_not_be_filled_does_not_keep_the_others_from_it()
    {
        await using var server = await ServeAsync([1, 2], [5, 6, 9, 10]);
        await using var api = await TestApi.StartAsync((context, _) => context.Number("after") == 2
            ? context.JsonAsync("{}", StatusCodes.Status410Gone)
            : context.JsonAsync($$"""{"data":{{Numbers(7, 8)}}}"""));
        using var bench = Bench(server, api, "?after={{last}}");

        var outcome = await bench.RunAsync(expected: 8);

        Assert.Null(outcome.Error);
        Assert.Equal([1, 2, 5, 6, 7, 8, 9, 10], NumbersIn(bench).Order());
        Assert.Equal([(2L, null), (6L, 2L)], SourceGap.Ledger(await bench.GapsAsync()).Select(gap => (gap.Last!.Value, gap.Filled)));
    }

    [Theory]
    [InlineData("false")]
    [InlineData("true")]
    public async Task A_run_that_ends_in_the_middle_goes_on_with_the_next_page_and_doubles_nothing(string journal)
    {
        using var folder = new TemporaryFolder();
        await using var server = await ServeAsync([1, 2, 3], [10, 11]);
        var held = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async (context, _) =>
        {
            var offset = context.Number("offset");
            if (offset == 2)
            {
                await held.Task.WaitAsync(context.RequestAborted);
            }

            await context.JsonAsync($$"""{"data":{{Numbers(4 + offset, Math.Min(9, 5 + offset))}}}""");
        });
        using var bench = Bench(
            server, api, "?after={{last}}&before={{next}}", folder.Path, ("journal", journal),
            ("options", """{"pagination-type":"offset","pagination-size":2,"max-retries":0}"""));

        var first = await bench.RunAsync(expected: 7);
        Assert.Equal([1, 2, 3, 4, 5, 10, 11], NumbersIn(bench).Order());
        held.SetResult();
        var second = await RunUntilFilledAsync(bench, 11);

        Assert.Null(first.Error);
        Assert.Null(second.Error);
        Assert.Equal(Enumerable.Range(1, 11), NumbersIn(bench).Order());
        Assert.Equal(1, api.Requests.Count(request => request.Target.Contains("offset=0") && request.Target.Contains("after=3&")));
        Assert.Equal((3, 10, 6), SourceGap.Ledger(await bench.GapsAsync()).Select(gap => (gap.Last, gap.Next, gap.Filled)).First());
    }

    [Fact]
    public async Task The_time_between_two_runs_is_filled_too_and_the_messages_before_it_are_known()
    {
        var connections = 0;
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            foreach (var number in Interlocked.Increment(ref connections) == 1 ? [1, 2] : new[] { 6, 7 })
            {
                await connection.SendAsync($$"""{"n":{{number}}}""");
            }

            await connection.UntilClosedAsync();
        });
        await using var api = await TestApi.OfJsonAsync($$"""{"data":{{Numbers(1, 7)}}}""");
        using var bench = Bench(server, api, "?from={{from}}", ("sequence-path", ""));

        await bench.RunAsync(expected: 2);
        var outcome = await RunUntilFilledAsync(bench, 7);

        Assert.Null(outcome.Error);
        Assert.Equal(Enumerable.Range(1, 7), NumbersIn(bench).Order());
        Assert.Equal(3, Assert.Single(SourceGap.Ledger(await bench.GapsAsync())).Filled);
    }

    [Fact]
    public async Task Keys_are_the_same_however_they_are_written_and_a_record_without_one_is_never_left_out()
    {
        var connections = 0;
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            var isFirst = Interlocked.Increment(ref connections) == 1;
            await connection.SendAsync(isFirst ? """{"n":1,"data":{"key":"a\u00fcb"}}""" : """{"n":4,"data":{"key":"c"}}""");
            if (isFirst)
            {
                await connection.CloseAsync(1001);
            }

            await connection.UntilClosedAsync();
        });
        await using var api = await TestApi.OfJsonAsync("""{"data":[{"n":1,"id":"aüb"},{"n":2,"id":"b"},{"n":2,"id":"b"},{"n":3},{"n":4,"id":"\u0063"}]}""");
        using var bench = Bench(server, api, "?after={{last}}", ("deduplicate-by", "id"), ("message-key", "data.key"));

        var outcome = await RunUntilFilledAsync(bench, 4);

        Assert.Null(outcome.Error);
        Assert.Equal([1, 2, 3, 4], NumbersIn(bench).Order());
    }

    [Fact]
    public async Task A_sink_that_fails_while_a_gap_is_filled_costs_nothing_and_doubles_nothing()
    {
        await using var server = await ServeAsync([1, 2, 3], [10, 11]);
        await using var api = await TestApi.OfJsonAsync((context, _) =>
            $$"""{"data":{{Numbers(4 + context.Number("offset"), Math.Min(9, 5 + context.Number("offset")))}}}""");
        using var bench = Bench(server, api, "?after={{last}}&before={{next}}", ("options", """{"pagination-type":"offset","pagination-size":2}"""));
        var failsOnce = new FaultSchedule().At(FaultStep.SinkWrite, 4, Fault.Throw);

        var outcome = await RunUntilFilledAsync(bench, 11, failsOnce, spec => spec with { MaxAttempts = 9 });

        Assert.Null(outcome.Error);
        Assert.Equal(Enumerable.Range(1, 11), NumbersIn(bench).Order());
    }

    [Fact]
    public async Task A_dead_letter_of_the_API_is_kept_and_the_rest_is_filled()
    {
        await using var server = await ServeAsync([1, 2], [5, 6]);
        await using var api = await TestApi.OfJsonAsync($$"""{"data":[{"n":3,"text":"{{new string('x', 100)}}"},{"n":4}]}""");
        using var bench = Bench(server, api, "?after={{last}}", ("options", """{"max-record-bytes":64}"""));

        var outcome = await bench.RunAsync(expected: 5);

        Assert.Null(outcome.Error);
        Assert.Equal([1, 2, 4, 5, 6], NumbersIn(bench).Order());
        Assert.Single(await bench.DeadLettersAsync());
    }

    [Theory]
    [InlineData("""{"deduplicate-by":"n"}""", "on-gap.connection: this is missing")]
    [InlineData("""{"connection":"http://localhost/?a={{last}}"}""", "on-gap.deduplicate-by: this is missing")]
    [InlineData("""{"connection":"http://localhost/","deduplicate-by":"n"}""", "Neither the address nor the body of the request says which gap is meant")]
    [InlineData("""{"connection":"localhost/{{last}}","deduplicate-by":"n"}""", "is no address of a web server")]
    [InlineData("""{"connection":"http://localhost/?a={{last}}","deduplicate-by":"n","type":"file"}""", "on-gap.type: 'file' is not allowed")]
    [InlineData("""{"connection":"http://localhost/?a={{last}}","deduplicate-by":"n..x"}""", "on-gap.deduplicate-by: 'n..x' has an empty name")]
    [InlineData("""{"connection":"http://localhost/?a={{last}}","deduplicate-by":"n","options":{"pagination":"page"}}""", "on-gap.options.pagination: there is no such key")]
    [InlineData("""{"connection":"http://localhost/?a={{last}}","deduplicate-by":"n","options":{"auth-type":"bearer"}}""", "which needs auth-token")]
    [InlineData("""{"connection":"http://localhost/?a={{last}}","deduplicate-by":"n","options":{"incremental-param":"s","incremental-path":"t"}}""", "incremental-param asks for what is new")]
    [InlineData("an API", "on-gap: 'an API' is no")]
    public void Options_that_can_not_be_meant_are_named(string onGap, string problem)
    {
        var failure = Assert.Throws<ConfigurationException>(() => CapabilitiesOf(("sequence-path", "n"), ("on-gap", onGap)));

        Assert.Contains(problem, failure.Message);
    }

    [Theory]
    [InlineData("?after={{last}}", "", "", "sequence-path: on-gap asks by {{last}} or {{next}}")]
    [InlineData("?from={{from}}", "cursor-path", "id", "on-gap: With a cursor the server sends what was missed")]
    [InlineData("?from={{from}}", "on-full", "drop-oldest", "on-full: drop-oldest gives up messages that no gap stands for")]
    public void Options_of_the_stream_that_contradict_it_are_named(string query, string option, string value, string problem)
    {
        (string, string)[] more = option.Length > 0 ? [(option, value)] : [];
        var failure = Assert.Throws<ConfigurationException>(() => CapabilitiesOf([("on-gap", OnGap($"http://localhost/{query}")), .. more]));

        Assert.Contains(problem, failure.Message);
    }

    [Fact]
    public void It_promises_no_more_than_before()
    {
        var capabilities = CapabilitiesOf(("sequence-path", "n"), ("on-gap", OnGap("http://localhost/?after={{last}}")));

        Assert.False(capabilities.Replayable);
        Assert.Contains("nothing proves that the API has them all", capabilities.WhyNotReplayable);
    }

    [Fact]
    public void Its_secrets_are_never_shown()
    {
        var config = WebSocketRun.ConfigOf(
            "websocket", "ws://localhost", ("sequence-path", "n"),
            ("on-gap", OnGap("http://localhost/?after={{last}}", ("options", """{"auth-type":"bearer","auth-token":"secret-4711"}"""))));
        var source = SourceBinding.Bind("p", config, BuiltInCatalogue.Instance);

        var shown = string.Join('\n', OptionDisplay.Of(source.Settings.Options).Select(option => option.Value).Append(config.ToString()));

        Assert.Contains("bearer", shown);
        Assert.DoesNotContain("secret-4711", shown);
    }

    private static SourceCapabilities CapabilitiesOf(params (string, string)[] options)
    {
        var source = SourceBinding.Bind("p", WebSocketRun.ConfigOf("websocket", "ws://localhost", options), BuiltInCatalogue.Instance);
        return source.Definition.Capabilities(source.Settings);
    }

    private static string OnGap(string connection, params (string Name, string Value)[] options) =>
        "{" + string.Join(',', new[] { ("connection", connection), ("deduplicate-by", "n"), ("margin", "0") }.Concat(options)
            .GroupBy(option => option.Item1).Select(group => $"\"{group.Key}\":{Json(group.Last().Item2)}")) + "}";

    private static string Json(string value) => value.StartsWith("{\"", StringComparison.Ordinal) ? value : $"\"{value}\"";

    private static SourceBench Bench(WebSocketServer server, TestApi api, string query, params (string Name, string Value)[] options) =>
        Bench(server, api, query, null, options);

    private static SourceBench Bench(WebSocketServer server, TestApi api, string query, string? folder, params (string Name, string Value)[] options)
    {
        var own = options.Where(option => option.Name is "margin" or "options" or "deduplicate-by" or "message-key").ToArray();
        return new SourceBench(BuiltInCatalogue.Instance, () => WebSocketRun.ConfigOf(
            "websocket", server.Address, [("sequence-path", "n"), ("on-gap", OnGap(api.Address + query, own)), .. options.Except(own)]))
        {
            StateFolder = folder,
        };
    }

    /// <summary>Runs until so many records came and each gap of the ledger is filled.</summary>
    private static async Task<PipelineOutcome> RunUntilFilledAsync(
        SourceBench bench, int expected, FaultSchedule? faults = null, Func<PipelineSpec, PipelineSpec>? change = null)
    {
        using var stop = new CancellationTokenSource();
        var run = bench.RunAsync(faults: faults, change: change, stop: stop.Token);
        await Eventually.Is(() => run.IsCompleted
            || (NumbersIn(bench).Distinct().Count() >= expected && bench.Log.Lines.Any(line => line.Contains(" filled: "))));
        await stop.CancelAsync();
        return await run;
    }

    private static string Numbers(int from, int to) => "[" + string.Join(',', Enumerable.Range(from, to - from + 1).Select(number => $$"""{"n":{{number}}}""")) + "]";

    private static IReadOnlyList<int> NumbersIn(SourceBench bench) => [.. bench.Records().Select(record => (int)record.GetInt64("n"))];

    private static Task<WebSocketServer> ServeAsync(params int[][] numbers) => ServeAsync(Task.CompletedTask, numbers);

    /// <summary>Sends the first numbers to its first connection and closes it, the next to the next, and what is left after some task.</summary>
    private static Task<WebSocketServer> ServeAsync(Task later, params int[][] numbers)
    {
        var connections = 0;
        return WebSocketServer.StartAsync(async connection =>
        {
            var mine = Interlocked.Increment(ref connections);
            await SendAsync(mine <= 2 ? numbers[mine - 1] : []);
            if (mine == 1)
            {
                await connection.CloseAsync(1001);
                return;
            }

            await later;
            await SendAsync(mine == 2 && numbers.Length > 2 ? numbers[2] : []);
            await connection.UntilClosedAsync();

            async Task SendAsync(int[] sent)
            {
                foreach (var number in sent)
                {
                    await connection.SendAsync($$"""{"n":{{number}}}""");
                }
            }
        });
    }
}
