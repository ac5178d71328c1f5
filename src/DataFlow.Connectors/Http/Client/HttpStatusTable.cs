using System.Globalization;

namespace DataFlow.Connectors;

/// <summary>What an answer means for the request.</summary>
internal enum HttpOutcome
{
    Success,
    NotModified,
    Redirect,
    Retry,
    Fail,
    Skip,
    ReAuthenticate,

    /// <summary>What was sent is wrong, not the way it was sent: another record may be taken.</summary>
    Refuse,
}

/// <summary>The table from status codes to outcomes, with the user's own entries first. Immutable.</summary>
/// <param name="overrides">A code or a class such as <c>4xx</c>, and the name of an outcome.</param>
/// <param name="refusals">Codes that refuse what was sent.</param>
internal sealed class HttpStatusTable(IReadOnlyDictionary<string, string> overrides, IReadOnlyCollection<int> refusals)
{
    private static readonly Dictionary<string, HttpOutcome> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["retry"] = HttpOutcome.Retry,
        ["fail"] = HttpOutcome.Fail,
        ["skip"] = HttpOutcome.Skip,
        ["re-authenticate"] = HttpOutcome.ReAuthenticate,
        ["refuse"] = HttpOutcome.Refuse,
    };

    /// <summary>What is wrong with an entry, as a sentence; null when nothing is.</summary>
    public static string? Problem(string status, string outcome) =>
        !IsStatus(status) ? $"'{status}' is no status code; write one such as 404, or a class such as 5xx."
        : !Names.ContainsKey(outcome) ? $"'{outcome}' is no outcome; write retry, fail, skip, refuse or re-authenticate."
        : null;

    /// <summary>The outcome of an answer.</summary>
    /// <param name="status">Its code.</param>
    /// <param name="isLimited">True when its headers say that too many requests were sent.</param>
    public HttpOutcome Of(int status, bool isLimited)
    {
        var code = status.ToString(CultureInfo.InvariantCulture);
        if (overrides.TryGetValue(code, out var named) || overrides.TryGetValue($"{code[0]}xx", out named))
        {
            return Names[named];
        }

        return status switch
        {
            304 => HttpOutcome.NotModified,
            301 or 302 or 303 or 307 or 308 => HttpOutcome.Redirect,
            >= 200 and < 300 => HttpOutcome.Success,
            401 => HttpOutcome.ReAuthenticate,
            403 when isLimited => HttpOutcome.Retry,
            _ when refusals.Contains(status) => HttpOutcome.Refuse,
            408 or 425 or 429 or 500 or 502 or 503 or 504 => HttpOutcome.Retry,
            _ => HttpOutcome.Fail,
        };
    }

    private static bool IsStatus(string text) =>
        text.Length == 3 && text[0] is >= '2' and <= '5' && (text[1..] is "xx" || text[1..].All(char.IsAsciiDigit));
}
