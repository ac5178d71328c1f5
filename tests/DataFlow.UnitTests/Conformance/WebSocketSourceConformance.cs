using DataFlow.Conformance;

namespace DataFlow.UnitTests.Conformance;

public sealed class WebSocketSourceConformance : SourceConformance<WebSocketSourceFixture>;

/// <summary>A server that can send its messages again from a cursor.</summary>
public sealed class WebSocketSourceFixture : ISourceFixture
{
    private readonly MessageLog _log = new();
    private WebSocketServer? _server;
    private WebSocketServer? _refusing;

    public static string Kind => SourceType.WebSocket;

    public static Waivers Waivers { get; } = Waivers.Of(
        ("Another_side_that_does_not_answer_is_an_external_fault_that_may_pass",
            "The source reconnects by itself, and the limit of that is final: WebSocketReconnectTests."));

    public SourceConfig Config => ConfigOf($"{_server!.Address}/stream?from={{{{cursor}}}}");

    public SourceConfig Unreachable => ConfigOf($"ws://127.0.0.1:{TcpFaultProxy.UnusedPort()}/stream?from={{{{cursor}}}}");

    public SourceConfig Refused => ConfigOf($"{_refusing!.Address}/stream?from={{{{cursor}}}}");

    public string Secret => "opensesame-4711";

    public async ValueTask StartAsync(CancellationToken ct)
    {
        _server = await WebSocketServer.StartAsync(_log.ServeAsync);
        _refusing = await WebSocketServer.StartAsync(_ => Task.CompletedTask, _ => 401);
    }

    public ValueTask PublishAsync(int count, CancellationToken ct)
    {
        _log.Publish(count);
        return ValueTask.CompletedTask;
    }

    public ValueTask PublishMalformedAsync(CancellationToken ct)
    {
        _log.PublishText("{\"number\":");
        return ValueTask.CompletedTask;
    }

    public ValueTask InterruptAsync(CancellationToken ct)
    {
        _server!.Cut();
        return ValueTask.CompletedTask;
    }

    public long NumberOf(DataRecord record) => record.GetInt64("number");

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
            await _refusing!.DisposeAsync();
        }
    }

    private SourceConfig ConfigOf(string address) => new()
    {
        SourceType = Kind,
        ConnectionString = address,
        Options = new Dictionary<string, string>
        {
            ["cursor-path"] = "number",
            ["cursor-start"] = "0",
            ["auth-type"] = "query",
            ["auth-token"] = Secret,
            ["reconnect-min-backoff"] = "0.01",
            ["reconnect-max-restarts"] = "3",
        },
    };
}
