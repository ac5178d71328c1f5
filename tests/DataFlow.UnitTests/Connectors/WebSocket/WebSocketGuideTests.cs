using DataFlow.Conformance;
using DataFlow.Connectors;
using DataFlow.Engine.Configuration;

namespace DataFlow.UnitTests.Connectors;

/// <summary>The guide's examples as they are written, and its list of metrics.</summary>
public sealed class WebSocketGuideTests
{
    private static readonly SourceConfig Basic = new()
    {
        SourceType = "Api",
        ConnectionString = "wss://stream.example.com/events",
        Options = new Dictionary<string, string> { ["source-impl"] = "websocket", ["message-format"] = "json", ["auth-type"] = "none" },
        BatchSize = 100,
        PollIntervalMs = 0,
    };

    private static readonly SourceConfig Prices = new()
    {
        SourceType = "Api",
        ConnectionString = "wss://stream.binance.com:9443/ws/btcusdt@trade",
        Options = new Dictionary<string, string>
        {
            ["source-impl"] = "websocket",
            ["message-format"] = "json",
            ["auth-type"] = "none",
            ["heartbeat-interval"] = "30",
            ["reconnect-min-backoff"] = "1",
            ["reconnect-max-backoff"] = "60",
            ["reconnect-max-restarts"] = "-1",
        },
        BatchSize = 50,
        PollIntervalMs = 0,
    };

    private static readonly SourceConfig Authenticated = new()
    {
        SourceType = "Api",
        ConnectionString = "wss://api.example.com/events",
        Options = new Dictionary<string, string>
        {
            ["source-impl"] = "websocket",
            ["message-format"] = "json",
            ["auth-type"] = "bearer",
            ["auth-token"] = "token-from-the-environment",
            ["heartbeat-interval"] = "20",
            ["reconnect-min-backoff"] = "2",
            ["reconnect-max-backoff"] = "30",
            ["reconnect-max-restarts"] = "10",
        },
        BatchSize = 100,
        PollIntervalMs = 0,
    };

    private static readonly SourceConfig TextStream = new()
    {
        SourceType = "Api",
        ConnectionString = "ws://localhost:8080/logs",
        Options = new Dictionary<string, string>
        {
            ["source-impl"] = "websocket",
            ["message-format"] = "text",
            ["auth-type"] = "none",
            ["heartbeat-interval"] = "0",
        },
        BatchSize = 200,
        PollIntervalMs = 0,
    };

    [Fact]
    [Trait("claim", "WS-16")]
    public async Task The_basic_example_works_as_written()
    {
        Assert.Equal("websocket", Bind(Basic).Definition.Name);

        Assert.Equal(["event-1", "event-2"], (await RunAsync(Basic, """{"id":"event-1"}""", """{"id":"event-2"}""")).Select(record => record.Id));
    }

    [Fact]
    [Trait("claim", "WS-17")]
    public async Task The_price_stream_works_as_written_and_generates_ids()
    {
        var options = (WebSocketSourceOptions)Bind(Prices).Settings.Options;
        Assert.Equal((30, 1, 60, -1), (
            options.HeartbeatInterval.TotalSeconds, options.ReconnectMinBackoff.TotalSeconds, options.ReconnectMaxBackoff.TotalSeconds, options.ReconnectMaxRestarts));
        Assert.Equal(50, Bind(Prices).BatchSize);

        var record = Assert.Single(await RunAsync(Prices, """{"e":"trade","E":1672515782136,"s":"BTCUSDT","t":12345,"p":"0.00100000","q":"100"}"""));

        Assert.Equal("0.00100000", record["p"]);
        Assert.True(Guid.TryParse(record.Id, out _));
    }

    [Fact]
    [Trait("claim", "WS-18")]
    public async Task The_authenticated_stream_works_as_written_and_gives_up_after_10_retries()
    {
        await using var server = await WebSocketRun.ServeAsync("""{"id":"1"}""");
        Assert.Single(await RunAsync(Authenticated, server));
        Assert.Equal("Bearer token-from-the-environment", server.Requests[0].Headers["Authorization"]);

        var options = (WebSocketSourceOptions)Bind(Authenticated).Settings.Options;
        var pauses = new ReconnectPauses(options, new Random(1));
        for (var retry = 1; retry <= 10; retry++)
        {
            Assert.False(pauses.AreUsedUp);
            Assert.InRange(pauses.Next(serverRestarts: false).TotalSeconds, 2, 30);
        }

        Assert.True(pauses.AreUsedUp);
    }

    [Fact]
    [Trait("claim", "WS-19")]
    public async Task The_text_stream_works_as_written_over_plain_ws()
    {
        Assert.Equal(200, Bind(TextStream).BatchSize);

        Assert.Equal(["one line", "another"], (await RunAsync(TextStream, "one line", "another")).Select(record => record["message"]));
    }

    [Fact]
    [Trait("claim", "WS-25")]
    [Trait("claim", "WS-26")]
    [Trait("claim", "WS-27")]
    public async Task Messages_bytes_and_parse_errors_are_counted()
    {
        await using var server = await WebSocketRun.ServeAsync("""{"id":"a"}""", "broken", """{"id":"ü"}""");
        using var bench = WebSocketRun.Bench(server.Address);

        await bench.RunAsync(expected: 2);

        Assert.Equal(3, bench.Metrics["dataflow.source.websocket.messages"]);
        Assert.Equal(3, bench.Metrics["dataflow.source.records.read"]);
        Assert.Equal(10 + 6 + 11, bench.Metrics["dataflow.source.bytes.read"]);
        Assert.Equal(10 + 6 + 11, bench.Metrics["dataflow.source.websocket.message.size"]);
        Assert.Equal(1, bench.Metrics["dataflow.source.parse.errors"]);
    }

    [Theory]
    [Trait("claim", "WS-28")]
    [InlineData("seconds")]
    [InlineData("milliseconds")]
    [InlineData("nanoseconds")]
    [InlineData("text")]
    public async Task Latency_is_measured_from_the_time_in_the_message(string unit)
    {
        var sent = TimeProvider.System.GetUtcNow().AddHours(-1);
        var time = unit switch
        {
            "seconds" => $"{sent.ToUnixTimeSeconds()}",
            "milliseconds" => $"{sent.ToUnixTimeMilliseconds()}",
            "nanoseconds" => $"{sent.ToUnixTimeMilliseconds()}000000",
            _ => $"\"{sent:O}\"",
        };
        await using var server = await WebSocketRun.ServeAsync($$"""{"sent":{"at":{{time}} } }""");
        using var bench = WebSocketRun.Bench(server.Address, ("timestamp-path", "sent.at"));

        await bench.RunAsync(expected: 1);

        Assert.InRange(bench.Metrics["dataflow.source.websocket.latency"], 3595, 7200);
    }

    [Fact]
    public async Task Time_since_the_last_message_is_there_while_it_runs()
    {
        await using var server = await WebSocketRun.ServeAsync("""{"id":"a"}""");
        using var bench = WebSocketRun.Bench(server.Address);
        using var stop = new CancellationTokenSource();
        var run = bench.RunAsync(stop: stop.Token);
        await Eventually.Is(() => bench.Collected.Count == 1);

        bench.Metrics.Observe();
        await stop.CancelAsync();
        await run;

        Assert.Contains("dataflow.source.websocket.last_message.age", bench.Metrics.Names);
        Assert.Equal(1, bench.Metrics["dataflow.source.websocket.connected"]);
    }

    private static PipelineSource Bind(SourceConfig config) => SourceBinding.Bind("p", config, BuiltInCatalogue.Instance);

    private static async Task<DataRecord[]> RunAsync(SourceConfig config, params string[] messages)
    {
        await using var server = await WebSocketRun.ServeAsync(messages);
        return await RunAsync(config, server, messages.Length);
    }

    /// <summary>Runs an example with nothing changed but the server.</summary>
    private static async Task<DataRecord[]> RunAsync(SourceConfig config, WebSocketServer server, int expected = 1)
    {
        var address = server.Address + new Uri(config.ConnectionString).PathAndQuery;
        using var bench = new SourceBench(BuiltInCatalogue.Instance, () => config with { ConnectionString = address });
        Assert.Null((await bench.RunAsync(expected)).Error);
        Assert.Equal(new Uri(config.ConnectionString).PathAndQuery, server.Requests[0].Target);
        return bench.Records();
    }
}
