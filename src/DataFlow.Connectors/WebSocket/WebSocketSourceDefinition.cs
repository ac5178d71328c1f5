namespace DataFlow.Connectors;

/// <summary>The catalogue entry of the WebSocket source.</summary>
internal static class WebSocketSourceDefinition
{
    public static SourceDefinition Definition { get; } = new()
    {
        Name = SourceType.WebSocket,
        ImplementationOf = SourceType.Api,
        Summary = "Receives messages over a WebSocket: notices dead connections, reconnects, resumes, and keeps a ledger of what it missed.",
        ConnectionDescription = "The address, with ws:// or wss://. Parameters that stand in it are kept; {{cursor}} stands for the cursor.",
        ConnectionExample = "wss://stream.example.com/events",
        OptionsType = typeof(WebSocketSourceOptions),
        Capabilities = Capabilities,
        Create = Create,
        ReadAgain = MessageRows.ReadAgain,
        DefaultUntil = _ => Until.Forever,
        DefaultMaxLatency = TimeSpan.FromMilliseconds(50),
    };

    private static SourceCapabilities Capabilities(SourceSettings settings)
    {
        var options = (WebSocketSourceOptions)settings.Options;
        return options.Journal || WebSocketAddress.ResumesFromCursor(settings.Connection, options)
            ? new SourceCapabilities(Replayable: true, Endless: true)
            : new SourceCapabilities(
                Replayable: false,
                Endless: true,
                WhyNotReplayable: "messages that were received and not yet delivered are gone in a crash; give cursor-path with {{cursor}} where "
                    + "the server can send messages again, or journal: true"
                    + (options.OnGap is null ? "" : "; on-gap asks for them later, but nothing proves that the API has them all"));
    }

    private static WebSocketSourceConnector Create(SourceSettings settings)
    {
        var options = (WebSocketSourceOptions)settings.Options;
        return WebSocketAddress.Problem(settings.Connection, options) is { } problem
            ? throw ConnectorException.User(problem)
            : new WebSocketSourceConnector(settings, options);
    }
}
