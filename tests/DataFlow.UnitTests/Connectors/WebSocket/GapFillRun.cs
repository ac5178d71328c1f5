using DataFlow.Conformance;
using DataFlow.Connectors;
using DataFlow.UnitTests.Fakes;

namespace DataFlow.UnitTests.Connectors;

/// <summary>Streams of numbers whose gaps an API fills.</summary>
internal static class GapFillRun
{
    public static TestSourceContext Context(int batch = 100) => new() { Clock = new JumpingClock(), MostRecords = batch, Latency = TimeSpan.Zero };

    public static StreamRun Run(TestSourceContext context, WebSocketServer server, TestApi api, params (string Name, string Value)[] options) =>
        Run(context, server, api, "?after={{last}}&before={{next}}", options);

    public static StreamRun Run(TestSourceContext context, WebSocketServer server, TestApi api, string query, params (string Name, string Value)[] options)
    {
        string[] ofApi = ["pagination-size", "max-retries", "headers-timeout"];
        string[] ofGaps = ["margin", "deduplicate-by", "remember"];
        var paging = options.Any(option => option.Name == "pagination-size") ? "offset" : "none";
        var reading = OptionsOf([("pagination-type", paging), ("headers-timeout", "10h"), ("body-timeout", "10h"), .. options.Where(option => ofApi.Contains(option.Name))]);
        var onGap = OptionsOf([("connection", api.Address + query), ("deduplicate-by", "n"), ("margin", "0"), .. options.Where(option => ofGaps.Contains(option.Name))], reading);
        return new StreamRun(
            context, server.Address, [("on-gap", onGap), .. options.Where(option => !ofApi.Contains(option.Name) && !ofGaps.Contains(option.Name))]);
    }

    public static bool IsFilled(StreamRun run, int gaps = 1) => run.Context.Gaps.Count(gap => gap.Filled is not null) >= gaps;

    public static string Position(StreamRun run) => run.Context.Positions[WebSocketSourceConnector.Split].Json;

    public static string Numbers(int from, int to) => Json([.. Enumerable.Range(from, Math.Max(0, to - from + 1))]);

    public static string OptionsOf(IEnumerable<(string Name, string Value)> options, string? nested = null) => "{" + string.Join(',', options
        .GroupBy(option => option.Name).Select(group => $"\"{group.Key}\":\"{group.Last().Value}\"")
        .Concat(nested is null ? [] : [$"\"options\":{nested}"])) + "}";

    public static string Json(int[] numbers) => "{\"data\":[" + string.Join(',', numbers.Select(number => $$"""{"n":{{number}}}""")) + "]}";

    public static async Task SendAsync(ServerConnection connection, IEnumerable<int> numbers)
    {
        foreach (var number in numbers)
        {
            await connection.SendAsync($$"""{"n":{{number}}}""");
        }
    }

    /// <summary>Three connections: the first one is closed at once, the second one when something has ended.</summary>
    public static Task<WebSocketServer> ServeAsync(int[] first, int[] second, Task end, int[] third)
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
