namespace DataFlow.Connectors;

internal enum WebSocketImplementation
{
    [OptionValue("websocket")]
    WebSocket,
}

internal enum MessageFormat
{
    Json,
    Text,
}

internal enum WebSocketAuthType
{
    None,
    Query,
    Header,
    Bearer,
}

internal enum SentAs
{
    Text,
    Binary,
}

internal enum LongMessagePolicy
{
    DeadLetter,
    Close,
}

internal enum FullBufferPolicy
{
    Block,
    DropOldest,
}

/// <summary>What to connect to, how to stay connected, and what to make of the messages.</summary>
internal sealed record WebSocketSourceOptions : IOptionsValidation
{
    [Option("The implementation under type: api; websocket is the only one of this kind.", Advanced = true)]
    public WebSocketImplementation SourceImpl { get; init; } = WebSocketImplementation.WebSocket;

    [Option("What a message is: json (one object, whose fields are the record's) or text (a record with the field message).")]
    public MessageFormat MessageFormat { get; init; } = MessageFormat.Json;

    [Option("How to prove who we are: none, query (auth-token as a parameter of the address), header (auth-token in a header) or bearer "
        + "(Authorization: Bearer).")]
    public WebSocketAuthType AuthType { get; init; } = WebSocketAuthType.None;

    [Option("query, header, bearer: the token.", Secret = true, Example = "${env:WS_TOKEN}")]
    public string AuthToken { get; init; } = "";

    [Option("query, header, bearer: a file that holds the token. It is read at each connection, so that a token that somebody renews "
        + "there is used from the next one on.", Example = "/run/secrets/ws-token", Path = true)]
    public string AuthTokenFile { get; init; } = "";

    [Option("query, header: name of the parameter or header that carries the token. Left out: token for query, X-API-Key for header.")]
    public string? AuthParamName { get; init; }

    [Option("More headers for the request that opens the connection.", Secret = true, Advanced = true, Example = "{ Origin: https://example.com }")]
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    [Option("Subprotocols to offer, the best one first.", Advanced = true, Example = "[graphql-transport-ws]")]
    public IReadOnlyList<string> Subprotocols { get; init; } = [];

    [Option("wss: a PEM file with certificate authorities to trust besides the system's.", Advanced = true, Example = "company-ca.pem", Path = true)]
    public string CaFile { get; init; } = "";

    [Option("Longest wait for a connection.", Advanced = true, Unit = "s")]
    [OptionRange(0.001, 3600)]
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(30);

    [Option("Time between pings on a connection. 0: none, and a connection that died silently is not noticed.", Unit = "s")]
    [OptionRange(0, 86_400)]
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(30);

    [Option("Longest wait for the answer to a ping. Without one the connection is dead: it is given up and opened again.", Unit = "s")]
    [OptionRange(0.01, 86_400)]
    public TimeSpan HeartbeatTimeout { get; init; } = TimeSpan.FromSeconds(10);

    [Option("For servers with pings of their own: a text message to send at each heartbeat as well.", Advanced = true, Example = "{\"op\":\"ping\"}")]
    public string PingMessage { get; init; } = "";

    [Option("With ping-message: the first message after it that contains this text is the answer, and no record. It must come within heartbeat-timeout.",
        Advanced = true, Example = "pong")]
    public string PongMessage { get; init; } = "";

    [Option("Longest time without a message before the connection is given up and opened again. 0: quiet streams are left alone.", Unit = "s")]
    [OptionRange(0, 31 * 86_400)]
    public TimeSpan IdleTimeout { get; init; }

    [Option("Pause before the first reconnection. It doubles with each further one, times a random factor of 1.0 to 1.2.", Unit = "s")]
    [OptionRange(0.001, 86_400)]
    public TimeSpan ReconnectMinBackoff { get; init; } = TimeSpan.FromSeconds(1);

    [Option("Longest pause before a reconnection.", Unit = "s")]
    [OptionRange(0.001, 86_400)]
    public TimeSpan ReconnectMaxBackoff { get; init; } = TimeSpan.FromSeconds(30);

    [Option("Reconnections in a row after which the run fails. -1: never.")]
    [OptionRange(-1, 1_000_000)]
    public int ReconnectMaxRestarts { get; init; } = -1;

    [Option("A connection that lasted so long was stable: pauses and the count of reconnections start over.", Advanced = true, Unit = "s")]
    [OptionRange(0, 86_400)]
    public TimeSpan ReconnectStableAfter { get; init; } = TimeSpan.FromSeconds(30);

    [Option("Close codes by which the server says that trying again does not help: the run fails.", Advanced = true)]
    public IReadOnlyList<string> StopOnCloseCodes { get; init; } = ["1003", "1008", "4401", "4403"];

    [Option("Messages to send after each connection, in order. {{cursor}} stands for the cursor, escaped for a JSON string.",
        Example = "['{\"op\":\"subscribe\",\"from\":\"{{cursor}}\"}']")]
    public IReadOnlyList<string> Subscribe { get; init; } = [];

    [Option("How the messages of subscribe are sent: text or binary.", Advanced = true)]
    public SentAs SubscribeAs { get; init; } = SentAs.Text;

    [Option("A message that contains this text is the answer to subscribe, and no record. Without it the connection is opened again.",
        Advanced = true, Example = "subscribed")]
    public string SubscribeExpect { get; init; } = "";

    [Option("Longest wait for subscribe-expect.", Advanced = true, Unit = "s")]
    [OptionRange(0.01, 86_400)]
    public TimeSpan SubscribeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    [Option("Path to the value in a message that the server can go on after. It is kept with the position; write {{cursor}} into the address "
        + "(wss://example.com/stream?from={{cursor}}) or into subscribe.", Identity = true, Example = "data.id")]
    public string CursorPath { get; init; } = "";

    [Option("The cursor for the very first connection.", Example = "0")]
    public string CursorStart { get; init; } = "";

    [Option("The server sends the message of the cursor again: it is left out.", Advanced = true)]
    public bool CursorInclusive { get; init; }

    [Option("Path to a whole number in a message that grows by one with each. With it the gap ledger knows how many messages are missing.",
        Identity = true, Example = "seq")]
    public string SequencePath { get; init; } = "";

    [Option("Path to the time in a message at which the server sent it, as ISO 8601 text or as seconds, milliseconds, microseconds or "
        + "nanoseconds since 1970: measures the latency.", Example = "E")]
    public string TimestampPath { get; init; } = "";

    [Option("Write each gap into the stream too, as a record with the fields type (gap), from, to, last, next, missing and reason.", Advanced = true)]
    public bool GapRecords { get; init; }

    [Option("Ask a REST API for what a gap has cost: its records come into the stream, and the ledger shows the gap as filled.",
        Example = "{ connection: 'https://api.example.com/events?after={{last}}&before={{next}}', deduplicate-by: id, options: { response-path: events } }")]
    public GapFillOptions? OnGap { get; init; }

    [Option("Longest message in bytes.", Advanced = true)]
    [OptionRange(16, 100_000_000)]
    public ByteSize MaxMessageBytes { get; init; } = ByteSize.MiB(16);

    [Option("What to do with a longer message: dead-letter, or close the connection with code 1009 and open it again. One that reaches 16 times "
        + "the length closes it in any case.", Advanced = true)]
    public LongMessagePolicy OnLongMessage { get; init; } = LongMessagePolicy.DeadLetter;

    [Option("Most fields per record. A record with more is a dead letter.", Advanced = true)]
    [OptionRange(1, 100_000)]
    public int MaxFields { get; init; } = 2000;

    [Option("Offer compression (permessage-deflate). Don't where secrets and what others write share a connection.", Advanced = true)]
    public bool Compression { get; init; }

    [Option("What to do when the buffer is full because the sink is slow: block (stop receiving, so that the server waits) or drop-oldest "
        + "(counted as dropped).")]
    public FullBufferPolicy OnFull { get; init; } = FullBufferPolicy.Block;

    [Option("Most messages in the buffer. 0: four times batch-size.", Advanced = true)]
    [OptionRange(0, 100_000_000)]
    public int BufferRecords { get; init; }

    [Option("Most bytes in the buffer.", Advanced = true)]
    [OptionRange(1024, 4e9)]
    public ByteSize BufferBytes { get; init; } = ByteSize.MiB(64);

    [Option("Write each message into a file of the state folder before it becomes a record, so that a restart loses nothing that was received. "
        + "A file is removed when all of it is delivered.", Identity = true)]
    public bool Journal { get; init; }

    [Option("journal: most bytes of these files. When they are full, nothing more is received until something is delivered.", Advanced = true)]
    [OptionRange(65_536)]
    public ByteSize JournalBytes { get; init; } = ByteSize.MiB(1024);

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate() => WebSocketOptionRules.Check(this);
}
