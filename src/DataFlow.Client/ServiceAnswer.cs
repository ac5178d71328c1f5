using System.Net;
using System.Text.Json;

namespace DataFlow.Client;

/// <summary>What the service has said, as far as a client acts on it. Immutable.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">A sentence of the service; the reason phrase where it gave none.</param>
/// <param name="Expected">The sequence that the service expects next; null where it is not about that.</param>
/// <param name="Sequence">The producer's last delivered sequence; null where it is not about that.</param>
/// <param name="RetryAfter">How long to wait at least.</param>
internal sealed record ServiceAnswer(HttpStatusCode Status, string Detail, long? Expected, long? Sequence, TimeSpan RetryAfter)
{
    public bool IsSuccess => (int)Status is >= 200 and < 300;

    /// <summary>The same request may succeed later.</summary>
    public bool MayPass => Status is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout || (int)Status >= 500;

    public static async Task<ServiceAnswer> ReadAsync(HttpResponseMessage response, CancellationToken ct)
    {
        var body = await response.Content.ReadAsByteArrayAsync(ct).ConfigureAwait(false);
        var (detail, expected, sequence) = Parse(body);
        return new ServiceAnswer(
            response.StatusCode,
            detail ?? $"The service answered {(int)response.StatusCode} {response.ReasonPhrase}.",
            expected,
            sequence,
            response.Headers.RetryAfter?.Delta ?? TimeSpan.Zero);
    }

    private static (string? Detail, long? Expected, long? Sequence) Parse(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            return root.ValueKind != JsonValueKind.Object ? default : (
                root.TryGetProperty("detail", out var detail) && detail.ValueKind == JsonValueKind.String ? detail.GetString() : null,
                Number(root, "expected"),
                Number(root, "sequence"));
        }
        catch (JsonException)
        {
            // Something between the service and us has answered: the status says what it can.
            return default;
        }
    }

    private static long? Number(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : null;
}
