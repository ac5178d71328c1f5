using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>Knows the secrets of a connector and keeps them out of texts for people. Thread-safe.</summary>
/// <param name="options">Hold the secrets.</param>
internal sealed class HttpSecrets(HttpOptions options)
{
    private const string Mask = "***";

    private volatile IReadOnlyList<string> _known = Sorted(
    [
        options.AuthPassword, options.AuthToken, options.AuthClientSecret, options.AuthRefreshToken,
        .. options.Headers.Where(header => IsSecret(header.Key)).Select(header => header.Value),
    ]);

    /// <summary>Remembers the tokens in the answer of a token endpoint.</summary>
    public void Learn(byte[] answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer);
            var tokens = document.RootElement.EnumerateObject()
                .Where(property => property.Name.EndsWith("_token", StringComparison.Ordinal))
                .Select(property => property.Value.ToString());
            _known = Sorted([.. _known, .. tokens]);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // Not the answer of a token endpoint: there are no tokens in it.
        }
    }

    /// <summary>The text with every known secret replaced.</summary>
    public string Hide(string text) =>
        _known.Aggregate(text, (shown, secret) => shown
            .Replace(secret, Mask, StringComparison.Ordinal)
            .Replace(Uri.EscapeDataString(secret), Mask, StringComparison.Ordinal));

    /// <summary>The headers of a request for people: names, and the values of those that hold no secret.</summary>
    public static string HeadersOf(HttpRequestMessage message) => string.Join("; ", message.Headers
        .Concat(message.Content?.Headers ?? Enumerable.Empty<KeyValuePair<string, IEnumerable<string>>>())
        .Select(header => $"{header.Key}: {(IsSecret(header.Key) ? Mask : string.Join(", ", header.Value))}"));

    // What is not known to be harmless may be a secret.
    private static bool IsSecret(string header) => header.ToLowerInvariant() is not
        ("accept" or "accept-encoding" or "accept-language" or "content-type" or "content-length" or "user-agent" or "if-none-match"
            or "if-modified-since" or "idempotency-key");

    private static List<string> Sorted(IEnumerable<string> secrets) =>
        [.. secrets.Where(secret => secret.Length > 2).Distinct(StringComparer.Ordinal).OrderByDescending(secret => secret.Length)];
}
