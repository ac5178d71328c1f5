namespace DataFlow.Connectors;

internal enum HttpSinkMethod
{
    [OptionValue("POST")]
    Post,

    [OptionValue("PUT")]
    Put,

    [OptionValue("PATCH")]
    Patch,
}

internal enum HttpSinkFormat
{
    Json,
    JsonArray,

    [OptionValue("ndjson")]
    Ndjson,
}

/// <summary>Options of the HTTP sink.</summary>
internal sealed record HttpSinkOptions : HttpOptions
{
    [Option("The method of the requests: POST, PUT or PATCH.")]
    public HttpSinkMethod Method { get; init; } = HttpSinkMethod.Post;

    [Option("What a request carries: json (one record, as one object), json-array or ndjson (several records).")]
    public HttpSinkFormat Format { get; init; } = HttpSinkFormat.Json;

    [Option("json-array, ndjson: most records per request.")]
    [OptionRange(1, 1_000_000)]
    public int RecordsPerRequest { get; init; } = 100;

    [Option("json-array, ndjson: most bytes per request, unless a single record is larger.", Advanced = true)]
    [OptionRange(1, 1 << 30)]
    public ByteSize MaxRequestBytes { get; init; } = ByteSize.MiB(1);

    [Option("Header for a key that is the same whenever the same records are sent again, made from their delivery ids, so that the server "
        + "can recognise them. Empty: none is sent.")]
    public string IdempotencyHeader { get; init; } = "Idempotency-Key";

    [Option("The Content-Type of the requests. Left out: application/json, for ndjson application/x-ndjson.", Advanced = true)]
    public string? ContentType { get; init; }

    [Option("Write each record as {\"id\":..,\"data\":{..},\"metadata\":{..}} instead of its fields alone.")]
    public bool Envelope { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate()
    {
        foreach (var problem in base.Validate())
        {
            yield return problem;
        }

        if (IdempotencyHeader.Length > 0 && !HttpAddress.IsHeader(IdempotencyHeader, ""))
        {
            yield return new OptionProblem("idempotency-header", $"'{IdempotencyHeader}' is no header name; use letters, digits and '-'.");
        }
    }
}
