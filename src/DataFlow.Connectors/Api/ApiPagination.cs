using System.Globalization;
using System.Text;
using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>What is known about a page after its last byte.</summary>
/// <param name="Address">Where it came from.</param>
/// <param name="Records">Records in it, bad ones included.</param>
/// <param name="Message">Its headers.</param>
/// <param name="ValueOf">The text at a watched path, null for nothing.</param>
internal sealed record ApiPageFacts(Uri Address, long Records, HttpResponseMessage Message, Func<JsonPath, string?> ValueOf);

/// <summary>Asks for pages one after the other and knows when there are no more. Immutable, thread-safe.</summary>
internal sealed class ApiPagination
{
    private static readonly string[] UsualCursors = ["next_cursor", "nextCursor", "cursor"];

    private readonly ApiSourceOptions _options;
    private readonly JsonPath? _hasMore;
    private readonly JsonPath? _total;
    private readonly JsonPath? _stop;
    private readonly JsonPath[] _next;

    public ApiPagination(ApiSourceOptions options)
    {
        _options = options;
        _hasMore = PathOf(options.HasMorePath);
        _total = PathOf(options.TotalPath);
        _stop = PathOf(options.StopPath);
        _next = options.PaginationType switch
        {
            ApiPaginationType.Cursor => [.. (options.CursorPath is { } path ? [path] : UsualCursors).Select(JsonPath.Parse)],
            ApiPaginationType.NextUrl => [JsonPath.Parse(options.NextUrlPath!)],
            _ => [],
        };
        Watched = [.. _next, .. new[] { _hasMore, _total, _stop }.OfType<JsonPath>()];
    }

    /// <summary>The paths whose values are needed to find the next page.</summary>
    public IReadOnlyList<JsonPath> Watched { get; }

    /// <summary>True when the answer's own address or cursor leads on, so that it may lead in a circle.</summary>
    public bool IsLed => _options.PaginationType is ApiPaginationType.Cursor or ApiPaginationType.LinkHeader or ApiPaginationType.NextUrl;

    /// <summary>The request for a page.</summary>
    /// <param name="list">Where the list is.</param>
    /// <param name="place">Which page comes next.</param>
    /// <param name="since">The newest value seen, for incremental reading; null when there is none.</param>
    public HttpCall CallFor(Uri list, ApiPlace place, string? since)
    {
        var parameters = Parameters(place);
        var isAddress = place.Next is not null && _options.PaginationType is ApiPaginationType.LinkHeader or ApiPaginationType.NextUrl;
        var inBody = _options.PaginationIn == ApiParameterPlace.Body;
        var query = new List<(string, string)>();
        if (!isAddress || place.Next is null)
        {
            query.AddRange(inBody ? [] : parameters);
            if (since is not null && _options.IncrementalParam is { } name && !ApiRequestBody.Has(_options.Body, "since"))
            {
                query.Add((name, since));
            }
        }

        var address = HttpAddress.With(isAddress && place.Next is { } next ? new Uri(next) : list, query);
        return _options.Method == ApiMethod.Get
            ? new HttpCall(HttpMethod.Get, address)
            : new HttpCall(HttpMethod.Post, address)
            {
                Body = ApiRequestBody.Make(_options.Body, ValuesFor(place, since), inBody ? [.. parameters.Where(pair => !HasPlaceFor(pair.Name))] : []),
                ContentType = _options.BodyContentType,
            };
    }

    /// <summary>What asks for the page after this one; null when it was the last.</summary>
    /// <param name="place">The page's own place.</param>
    /// <param name="page">What came.</param>
    public string? NextAfter(ApiPlace place, ApiPageFacts page)
    {
        if (_options.PaginationType == ApiPaginationType.None || EndsWith(place, page))
        {
            return null;
        }

        return _options.PaginationType switch
        {
            ApiPaginationType.Offset => (NumberOf(place) + _options.PaginationSize).ToString(CultureInfo.InvariantCulture),
            ApiPaginationType.Page => (NumberOf(place) + 1).ToString(CultureInfo.InvariantCulture),
            ApiPaginationType.Cursor => NonEmpty(_next.Select(page.ValueOf)),
            ApiPaginationType.NextUrl => NonEmpty(_next.Select(page.ValueOf)) is { } next ? Absolute(page, next) : null,
            _ => LinkHeader.Next(page.Message.Headers) is { } link ? Absolute(page, link) : null,
        };
    }

    private bool EndsWith(ApiPlace place, ApiPageFacts page)
    {
        var isNumbered = _options.PaginationType is ApiPaginationType.Offset or ApiPaginationType.Page;
        var isKnown = _hasMore is not null || _total is not null;
        return (isNumbered && page.Records == 0)
            || (isNumbered && !isKnown && _options.StopOnShortPage && page.Records < _options.PaginationSize)
            || (_hasMore is not null && page.ValueOf(_hasMore) is null or "" or "0" or "false" or "False")
            || (_total is not null && long.TryParse(page.ValueOf(_total), CultureInfo.InvariantCulture, out var total) && place.Records + page.Records >= total)
            || (_stop is not null && page.ValueOf(_stop) == _options.StopValue)
            || (_options.LastPage > 0 && place.Pages + 1 >= _options.LastPage);
    }

    private long NumberOf(ApiPlace place) => place.Next is { } next
        ? long.Parse(next, CultureInfo.InvariantCulture)
        : _options.PaginationStart ?? (_options.PaginationType == ApiPaginationType.Page ? 1 : 0);

    private List<(string Name, string Value)> Parameters(ApiPlace place)
    {
        var type = _options.PaginationType;
        var parameters = new List<(string, string)>();
        if (type is ApiPaginationType.Offset or ApiPaginationType.Page)
        {
            parameters.Add((_options.PaginationParam ?? (type == ApiPaginationType.Page ? "page" : "offset"), NumberOf(place).ToString(CultureInfo.InvariantCulture)));
        }
        else if (type == ApiPaginationType.Cursor && place.Next is { } cursor)
        {
            parameters.Add((_options.PaginationParam ?? "cursor", cursor));
        }

        var size = _options.PaginationSizeParam ?? type switch
        {
            ApiPaginationType.Offset or ApiPaginationType.Cursor => "limit",
            ApiPaginationType.Page => "per_page",
            _ => "",
        };
        if (type != ApiPaginationType.None && size.Length > 0)
        {
            parameters.Add((size, _options.PaginationSize.ToString(CultureInfo.InvariantCulture)));
        }

        return parameters;
    }

    private Dictionary<string, string> ValuesFor(ApiPlace place, string? since) => new()
    {
        ["cursor"] = _options.PaginationType == ApiPaginationType.Cursor ? place.Next ?? "" : "",
        ["page"] = _options.PaginationType == ApiPaginationType.Page ? NumberOf(place).ToString(CultureInfo.InvariantCulture) : "",
        ["offset"] = _options.PaginationType == ApiPaginationType.Offset ? NumberOf(place).ToString(CultureInfo.InvariantCulture) : "",
        ["size"] = _options.PaginationSize.ToString(CultureInfo.InvariantCulture),
        ["since"] = since ?? "",
    };

    /// <summary>A parameter that has its place in the template is not set a second time.</summary>
    private bool HasPlaceFor(string parameter) => ApiRequestBody.Has(_options.Body, parameter)
        || (parameter == _options.PaginationSizeParam && ApiRequestBody.Has(_options.Body, "size"))
        || (parameter == _options.PaginationParam && ApiRequestBody.Has(_options.Body, HttpOptionsName(_options.PaginationType)));

    private static string HttpOptionsName(ApiPaginationType type) => type switch
    {
        ApiPaginationType.Offset => "offset",
        ApiPaginationType.Page => "page",
        _ => "cursor",
    };

    private static string Absolute(ApiPageFacts page, string address) => new Uri(page.Address, address).AbsoluteUri;

    private static string? NonEmpty(IEnumerable<string?> values) => values.FirstOrDefault(value => !string.IsNullOrEmpty(value));

    private static JsonPath? PathOf(string? text) => text is null ? null : JsonPath.Parse(text);
}

/// <summary>Reads <c>Link</c> headers (RFC 8288).</summary>
internal static class LinkHeader
{
    /// <summary>The target of the first link whose relation is <c>next</c>, as it stands there; null when there is none.</summary>
    public static string? Next(System.Net.Http.Headers.HttpResponseHeaders headers) =>
        headers.TryGetValues("Link", out var values) ? values.SelectMany(Links).FirstOrDefault(link => link.IsNext).Target : null;

    private static IEnumerable<(string Target, bool IsNext)> Links(string header)
    {
        for (var at = header.IndexOf('<', StringComparison.Ordinal); at >= 0;)
        {
            var close = header.IndexOf('>', at);
            if (close < 0)
            {
                yield break;
            }

            // A target may hold commas, a quoted parameter too: the next link starts at the next '<' outside of quotes.
            var end = EndOfParameters(header, close + 1);
            var relations = Relation(header[(close + 1)..end]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            yield return (header[(at + 1)..close].Trim(), relations.Contains("next", StringComparer.OrdinalIgnoreCase));
            at = end < header.Length ? end : -1;
        }
    }

    private static int EndOfParameters(string header, int from)
    {
        var isQuoted = false;
        for (var at = from; at < header.Length; at++)
        {
            isQuoted ^= header[at] == '"';
            if (header[at] == '<' && !isQuoted)
            {
                return at;
            }
        }

        return header.Length;
    }

    private static string Relation(string parameters)
    {
        var text = new StringBuilder(parameters).Replace(" =", "=").Replace("= ", "=").ToString();
        var start = text.IndexOf("rel=", StringComparison.OrdinalIgnoreCase);
        return start < 0 ? "" : text[(start + 4)..] switch
        {
            ['"', .. var quoted] => quoted.Split('"')[0],
            var plain => plain.Split(';', ',')[0].Trim(),
        };
    }
}
