namespace DataFlow.Connectors;

/// <summary>The HTTP sink in the catalogue.</summary>
internal static class HttpSinkDefinition
{
    public const string Name = "http";

    public static SinkDefinition Definition { get; } = new()
    {
        Name = Name,
        Summary = "Sends records to an HTTP server: one per request, or several as a JSON array or NDJSON.",
        ConnectionDescription = "Address to send to, with http:// or https://. Fields of the record may stand in its path and parameters, in "
            + "braces: each record is then a request of its own.",
        ConnectionExample = "https://api.example.com/users",
        OptionsType = typeof(HttpSinkOptions),
        Capabilities = settings => new SinkCapabilities(SinkReplay.Repeated, WhyRepeated((HttpSinkOptions)settings.Options)),
        Create = Create,
    };

    /// <summary>The server of an address that may have fields of records in it.</summary>
    public static Uri OriginOf(string connection) => new(connection.Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal));

    private static string WhyRepeated(HttpSinkOptions options) => options.IdempotencyHeader.Length > 0
        ? $"what was sent to an HTTP server can't be taken back; a server that heeds {options.IdempotencyHeader} recognises what it gets twice"
        : "what was sent to an HTTP server can't be taken back";

    private static HttpSinkConnector Create(SinkSettings settings)
    {
        var options = (HttpSinkOptions)settings.Options;
        var address = settings.Connection;
        var host = address.IndexOf("//", StringComparison.Ordinal) is >= 0 and var slashes ? address[(slashes + 2)..].Split('/', '?')[0] : "";
        if (HttpSinkRequests.IsTemplate(host))
        {
            throw ConnectorException.User($"'{HttpAddress.Show(address)}' has a field of the record in its host; only path and parameters may have one.");
        }

        if (HttpAddress.Problem(address) is { } problem)
        {
            throw ConnectorException.User(problem);
        }

        return HttpSinkRequests.IsTemplate(address) && options.Format == HttpSinkFormat.JsonArray && options.RecordsPerRequest > 1
            ? throw new OptionException("format", "The address has a field of the record in it, so that each record is a request of its own; use format: json.")
            : new HttpSinkConnector(settings);
    }
}
