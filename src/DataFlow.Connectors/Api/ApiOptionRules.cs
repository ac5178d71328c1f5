using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>What is wrong between the options of the REST source.</summary>
internal static class ApiOptionRules
{
    public static IEnumerable<OptionProblem> Check(ApiSourceOptions options) =>
        Paths(options).Concat(Pages(options)).Concat(Rest(options));

    private static IEnumerable<OptionProblem> Paths(ApiSourceOptions options)
    {
        (string Key, string? Path)[] paths =
        [
            ("response-path", options.ResponsePath), ("cursor-path", options.CursorPath), ("next-url-path", options.NextUrlPath),
            ("has-more-path", options.HasMorePath), ("total-path", options.TotalPath), ("stop-path", options.StopPath),
            ("error-path", options.ErrorPath), ("incremental-path", options.IncrementalPath), ("deduplicate-by", options.DeduplicateBy),
            ("sub-response-path", options.SubResponsePath),
            .. options.SubFields.Select(field => ("sub-fields", (string?)field)),
        ];
        foreach (var (key, text) in paths)
        {
            if (text is not null && !JsonPath.TryParse(text, out _, out var problem))
            {
                yield return new OptionProblem(key, problem);
            }
        }
    }

    private static IEnumerable<OptionProblem> Pages(ApiSourceOptions options)
    {
        var isRoot = options.ResponsePath == "." && options.SubPath is null;
        if (options.PaginationType == ApiPaginationType.Cursor && isRoot)
        {
            yield return new OptionProblem(
                "pagination-type",
                "With response-path '.' the answer is an array, in which there is no place for a cursor; use pagination-type link-header, page or offset.");
        }

        if (options.PaginationType == ApiPaginationType.NextUrl && options.NextUrlPath is null)
        {
            yield return new OptionProblem("next-url-path", "pagination-type is next-url; say where the address is, such as next or ['@odata.nextLink'].");
        }

        if (options.PaginationIn == ApiParameterPlace.Body && options.Method != ApiMethod.Post)
        {
            yield return new OptionProblem("pagination-in", "A GET has no body; use method: POST, or pagination-in: query.");
        }

        if (options.Body.Length > 0 && options.Method != ApiMethod.Post)
        {
            yield return new OptionProblem("body", "A GET has no body; use method: POST.");
        }

        if (options.PaginationIn == ApiParameterPlace.Body && options.Body.Length > 0 && !ApiRequestBody.IsObject(options.Body))
        {
            yield return new OptionProblem("body", "With pagination-in: body the body must be a JSON object, into which the parameters are put.");
        }

        if (options.StopPath is null && options.StopValue.Length > 0)
        {
            yield return new OptionProblem("stop-path", "stop-value is given, but not where to look for it; give stop-path.");
        }
    }

    private static IEnumerable<OptionProblem> Rest(ApiSourceOptions options)
    {
        var sends = options.IncrementalParam is not null || options.Body.Contains("{{since}}", StringComparison.Ordinal);
        if (sends && options.IncrementalPath is null)
        {
            yield return new OptionProblem("incremental-path", "The newest value is to be sent, but not said where it is in a record; give incremental-path.");
        }

        if (!sends && options.IncrementalPath is not null)
        {
            yield return new OptionProblem("incremental-param", "incremental-path is given, but not how to ask for what is newer; give incremental-param.");
        }

        if (options.IncrementalPath is null && options.DeduplicateBy is not null)
        {
            yield return new OptionProblem("deduplicate-by", "deduplicate-by has no effect without incremental-param and incremental-path.");
        }

        if (options.IncrementalType == ApiIncrementalType.Id && options.IncrementalLookback > TimeSpan.Zero)
        {
            yield return new OptionProblem("incremental-lookback", "An id has no time to look back by; use incremental-type: timestamp.");
        }

        if (options.IncrementalStart.Length > 0 && options.IncrementalPath is not null
            && ApiWatermark.Parse(options.IncrementalStart, options.IncrementalType) is null)
        {
            yield return new OptionProblem(
                "incremental-start", $"'{options.IncrementalStart}' is no {(options.IncrementalType == ApiIncrementalType.Id ? "number" : "timestamp")}; "
                + "write it as the API does, such as 2024-01-01T00:00:00Z.");
        }

        if (options.SubPath is null && options.SubFields.Count > 0)
        {
            yield return new OptionProblem("sub-fields", "sub-fields has no effect without sub-path.");
        }

        if (options.SubPath is { } sub && ApiSubResource.Problem(sub) is { } problem)
        {
            yield return new OptionProblem("sub-path", problem);
        }
    }
}
