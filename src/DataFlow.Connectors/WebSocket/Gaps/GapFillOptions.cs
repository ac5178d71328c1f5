namespace DataFlow.Connectors;

internal enum GapFillKind
{
    Api,
}

/// <summary>What to ask for the messages that a gap has cost, and how to tell them from those that came.</summary>
internal sealed record GapFillOptions : IOptionsValidation
{
    [Option("What has the messages of the past: api, a REST API.")]
    public GapFillKind Type { get; init; }

    [Option("Address of the list. {{last}} and {{next}} stand for the sequence numbers around the gap, {{from}} and {{to}} for its times (ISO 8601, "
        + "UTC), {{from-ms}} and {{to-ms}} for the same in milliseconds since 1970; so they do in the body of a POST.",
        Required = true, Example = "https://api.example.com/events?after={{last}}&before={{next}}")]
    public string Connection { get; init; } = "";

    [Option("Path to the key of a record of the API, which no other record ever has. One whose key is that of a message around the gap, or of another record, is left out.",
        Required = true, Example = "id")]
    public string DeduplicateBy { get; init; } = "";

    [Option("Path to the same key in a message. Left out: deduplicate-by.", Example = "data.id")]
    public string? MessageKey { get; init; }

    /// <summary>Path to the key in a message.</summary>
    public string KeyOfMessages => MessageKey ?? DeduplicateBy;

    [Option("How many messages on each side of a gap are remembered by their key. More than what comes within twice the margin.")]
    [OptionRange(1, 100_000)]
    public int Remember { get; init; } = 2000;

    [Option("How much earlier {{from}} and later {{to}} are than the gap, because clocks differ and messages travel. The API is asked when twice "
        + "that time is over.", Unit = "s")]
    [OptionRange(0, 86_400)]
    public TimeSpan Margin { get; init; } = TimeSpan.FromSeconds(2);

    [Option("The options of the api source: pagination, credentials, response-path, ...")]
    public ApiSourceOptions Options { get; init; } = new();

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Connection.Length > 0 && HttpAddress.Problem(GapRequest.Sample(Connection)) is { } wrong)
        {
            yield return new OptionProblem("connection", wrong);
        }

        if (Connection.Length > 0 && !GapRequest.Names.Any(name => Asks(name)))
        {
            yield return new OptionProblem(
                "connection", "Neither the address nor the body of the request says which gap is meant; write {{last}} and {{next}}, or {{from}} and {{to}}, into it.");
        }

        foreach (var (key, path) in new[] { ("deduplicate-by", DeduplicateBy), ("message-key", MessageKey ?? "") })
        {
            if (path.Length > 0 && !Formats.JsonPath.TryParse(path, out _, out var problem))
            {
                yield return new OptionProblem(key, problem);
            }
        }

        if (Options.IncrementalParam is not null || Options.IncrementalPath is not null)
        {
            yield return new OptionProblem("options", "incremental-param asks for what is new; what a gap has cost is asked for by {{last}} or {{from}}.");
        }
    }

    /// <summary>True when the request holds a value of the gap.</summary>
    public bool Asks(string name) => ApiRequestBody.Has(Connection, name) || ApiRequestBody.Has(Options.Body, name);
}
