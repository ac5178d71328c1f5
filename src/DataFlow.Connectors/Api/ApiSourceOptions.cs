using DataFlow.Formats;

namespace DataFlow.Connectors;

internal enum ApiSourceImplementation
{
    Rest,
}

internal enum ApiMethod
{
    [OptionValue("GET")]
    Get,

    [OptionValue("POST")]
    Post,
}

internal enum ApiPaginationType
{
    None,
    Offset,
    Page,
    Cursor,
    LinkHeader,
    NextUrl,
}

internal enum ApiParameterPlace
{
    Query,
    Body,
}

internal enum ApiResponseFormat
{
    Auto,
    Json,

    [OptionValue("ndjson")]
    Ndjson,

    Csv,
}

internal enum ApiIncrementalType
{
    Timestamp,
    Id,
}

/// <summary>Options of the REST source.</summary>
internal sealed record ApiSourceOptions : HttpOptions
{
    [Option("What talks to the API: rest, which polls over HTTP.", Advanced = true, Identity = true)]
    public ApiSourceImplementation SourceImpl { get; init; } = ApiSourceImplementation.Rest;

    [Option("The method of the requests: GET or POST.", Identity = true)]
    public ApiMethod Method { get; init; } = ApiMethod.Get;

    [Option("POST: the body. {{cursor}}, {{page}}, {{offset}}, {{size}} and {{since}} stand for the values of the request at hand, "
        + "escaped for a JSON string.", Identity = true, Example = "{\"query\": \"open\", \"since\": \"{{since}}\"}")]
    public string Body { get; init; } = "";

    [Option("POST: the Content-Type of the body.", Advanced = true)]
    public string BodyContentType { get; init; } = "application/json";

    [Option("How to get from page to page: none (one request per poll), offset, page, cursor, link-header (Link: <...>; rel=\"next\") or "
        + "next-url (an address in the answer).", Identity = true)]
    public ApiPaginationType PaginationType { get; init; } = ApiPaginationType.None;

    [Option("Parameter for the offset, the page or the cursor. Left out: the pagination type's own name. With pagination-in: body, its path.",
        Identity = true, Example = "page")]
    public string? PaginationParam { get; init; }

    [Option("Parameter for the size of a page. Left out: limit, for pagination-type page per_page, for link-header and next-url none.",
        Identity = true, Example = "per_page")]
    public string? PaginationSizeParam { get; init; }

    [Option("Records to ask for per request.")]
    [OptionRange(1, 1_000_000)]
    public int PaginationSize { get; init; } = 100;

    [Option("The first offset or page. Left out: 0 for offset, 1 for page.", Advanced = true, Identity = true)]
    [OptionRange(0)]
    public long? PaginationStart { get; init; }

    [Option("Where parameters for pages go: query, or body (a JSON body, with POST).", Identity = true)]
    public ApiParameterPlace PaginationIn { get; init; } = ApiParameterPlace.Query;

    [Option("cursor: path to the next cursor in the answer. Left out: the first of next_cursor, nextCursor and cursor at its top. Null, "
        + "empty or missing ends the poll.", Identity = true, Example = "meta.next")]
    public string? CursorPath { get; init; }

    [Option("next-url: path to the address of the next page in the answer.", Identity = true, Example = "['@odata.nextLink']")]
    public string? NextUrlPath { get; init; }

    [Option("Path to a value that says whether there are more pages; false, 0, null or missing ends the poll.", Identity = true, Example = "has_more")]
    public string? HasMorePath { get; init; }

    [Option("Path to the number of all records; the poll ends when so many were read.", Identity = true, Example = "meta.total")]
    public string? TotalPath { get; init; }

    [Option("Path to a value that ends the poll when it is stop-value.", Advanced = true, Identity = true, Example = "status")]
    public string? StopPath { get; init; }

    [Option("The value at stop-path that ends the poll, after the records of its page.", Advanced = true, Identity = true, Example = "done")]
    public string StopValue { get; init; } = "";

    [Option("offset, page: a page with fewer records than pagination-size is the last one. Switch it off for servers that give out fewer "
        + "than asked. Has no effect with has-more-path or total-path.", Advanced = true)]
    public bool StopOnShortPage { get; init; } = true;

    [Option("End each poll after so many pages. 0: read all of them.", Advanced = true)]
    [OptionRange(0)]
    public int LastPage { get; init; }

    [Option("A poll with more pages than this has gone astray: it is an error.", Advanced = true)]
    [OptionRange(1)]
    public int MaxPages { get; init; } = 10_000;

    [Option("A page with exactly the records of the page before it is an error: the server ignores the parameter that asks for the next page.",
        Advanced = true)]
    public bool DetectRepeatedPages { get; init; } = true;

    [Option("Path to the array of records in the answer: names with dots, ['a.b'], [0], [*]; . for an array that is the whole answer.",
        Identity = true)]
    public string ResponsePath { get; init; } = "data";

    [Option("The field that gives a record its id. It is left out of the record's data in C#, as id is.", Advanced = true, Identity = true)]
    public string IdField { get; init; } = "id";

    [Option("What answers are: auto (ndjson or csv where the Content-Type says so, otherwise json), json, ndjson or csv.", Identity = true)]
    public ApiResponseFormat ResponseFormat { get; init; } = ApiResponseFormat.Auto;

    [Option("csv: what separates fields.", Advanced = true, Identity = true)]
    public string Delimiter { get; init; } = ",";

    [Option("csv: the first row of each answer holds the column names.", Advanced = true, Identity = true)]
    public bool HasHeader { get; init; } = true;

    [Option("Path to an error in the answer, for servers that answer 200 all the same. Anything but null, false or empty there fails the request.",
        Example = "error")]
    public string? ErrorPath { get; init; }

    [Option("Most bytes of one answer, decompressed.", Advanced = true)]
    [OptionRange(1)]
    public ByteSize MaxResponseBytes { get; init; } = new(1L << 30);

    [Option("Most bytes of one record. A longer one is a dead letter.", Advanced = true)]
    [OptionRange(16, 100_000_000)]
    public ByteSize MaxRecordBytes { get; init; } = ByteSize.MiB(16);

    [Option("Most fields per record. A record with more is a dead letter.", Advanced = true)]
    [OptionRange(1, 100_000)]
    public int MaxFields { get; init; } = 2000;

    [Option("Send If-None-Match and If-Modified-Since, so that an unchanged answer is not sent again. Only while a poll is a single page.",
        Advanced = true)]
    public bool ConditionalRequests { get; init; } = true;

    [Option("Ask only for what is new: query parameter for the newest value that was seen. With a body that has {{since}} it goes there instead.",
        Identity = true, Example = "updated_since")]
    public string? IncrementalParam { get; init; }

    [Option("With incremental-param: path to that value in a record.", Identity = true, Example = "updated_at")]
    public string? IncrementalPath { get; init; }

    [Option("With incremental-param: what the value is, timestamp or id (a number that grows).", Identity = true)]
    public ApiIncrementalType IncrementalType { get; init; } = ApiIncrementalType.Timestamp;

    [Option("With incremental-param: the value for the very first request. Left out: the first request asks for everything.", Example = "2024-01-01T00:00:00Z")]
    public string IncrementalStart { get; init; } = "";

    [Option("timestamp: ask for so much more than what is new, for records that arrive late. What was delivered before is left out.", Unit = "s",
        Example = "10m")]
    [OptionRange(0)]
    public TimeSpan IncrementalLookback { get; init; }

    [Option("With incremental-param: path to the key that tells records from each other. Left out: a record that is equal to the last byte "
        + "is the same record.", Example = "id")]
    public string? DeduplicateBy { get; init; }

    [Option("Ask once more for each record of the list: the address, with values of the record in braces. The records of these answers are "
        + "the records of the source.", Identity = true, Example = "/users/{id}/orders")]
    public string? SubPath { get; init; }

    [Option("With sub-path: path to the array of records in those answers.", Identity = true)]
    public string SubResponsePath { get; init; } = "data";

    [Option("With sub-path: those answers have pages too, by the same rules as the list.", Identity = true)]
    public bool SubPaginated { get; init; }

    [Option("With sub-path: values of the list's record to keep, as metadata: id becomes @parent.id.", Example = "[id, name]")]
    public IReadOnlyList<string> SubFields { get; init; } = [];

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate() => base.Validate().Concat(ApiOptionRules.Check(this));

    /// <summary>How text formats are read, and the limits of all of them.</summary>
    internal FormatOptions ToFormat(RecordFormat format) => new()
    {
        Format = format,
        Delimiter = Delimiter == "\\t" ? "\t" : Delimiter,
        HasHeader = HasHeader,
        OnInvalidJson = InvalidJsonPolicy.DeadLetter,
        MaxLineBytes = MaxRecordBytes,
        MaxFields = MaxFields,
    };
}
