using System.Globalization;
using System.Net.Http.Headers;

namespace DataFlow.Connectors;

/// <summary>When a server wants to be asked again, as its headers say it.</summary>
internal static class RateLimitHeaders
{
    private static readonly string[] Remaining = ["RateLimit-Remaining", "X-RateLimit-Remaining", "X-Rate-Limit-Remaining"];
    private static readonly string[] Reset = ["RateLimit-Reset", "X-RateLimit-Reset", "X-Rate-Limit-Reset"];

    /// <summary>The moment that <c>Retry-After</c> names, in seconds or as a date; null when it is missing or makes no sense.</summary>
    public static DateTimeOffset? RetryAfter(HttpResponseHeaders headers, DateTimeOffset now) => headers.RetryAfter switch
    {
        { Delta: { } delta } => Later(now, delta.TotalSeconds),
        { Date: { } date } => date,
        _ => null,
    };

    /// <summary>The moment at which requests are allowed again, when the headers say that none are left.</summary>
    public static DateTimeOffset? Exhausted(HttpResponseHeaders headers, DateTimeOffset now) =>
        Number(headers, Remaining) is <= 0 && Number(headers, Reset) is { } reset ? MomentOf(reset, now) : null;

    /// <summary>Seconds from now, seconds since 1970 or milliseconds since 1970: servers use all three.</summary>
    private static DateTimeOffset MomentOf(double reset, DateTimeOffset now) => reset switch
    {
        >= 1e11 => DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Min(reset, 2e14)),
        >= 1e9 => DateTimeOffset.FromUnixTimeSeconds((long)reset),
        _ => Later(now, Math.Max(0, reset)),
    };

    private static DateTimeOffset Later(DateTimeOffset now, double seconds) =>
        now + TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.FromDays(3650).TotalSeconds));

    private static double? Number(HttpResponseHeaders headers, string[] names)
    {
        foreach (var name in names)
        {
            if (headers.TryGetValues(name, out var values)
                && double.TryParse(values.First().Split(',', ';')[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                && double.IsFinite(number))
            {
                return number;
            }
        }

        return null;
    }
}
