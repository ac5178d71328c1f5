using DataFlow.Connectors;
using DataFlow.Formats;
using DataFlow.Server.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace DataFlow.Server.Requests;

/// <summary>A batch of records that came as the body of a request.</summary>
internal static class PushedBody
{
    private const int Chunk = 64 << 10;

    /// <summary>What it may come as.</summary>
    public static IReadOnlyList<string> MediaTypes { get; } =
        ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/json", "text/csv", "text/plain", "application/octet-stream"];

    /// <summary>How the body is laid out: as its type says, or as the pipeline does where it says none.</summary>
    /// <exception cref="ProblemException">It is of a type that is not read here.</exception>
    public static RecordFormat TypeOf(HttpRequest request, PushInbox inbox)
    {
        if (request.Headers.ContentEncoding.ToString() is { Length: > 0 } encoding && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            throw Unsupported($"The body is compressed ({encoding}), which is not read here; send it plain.");
        }

        if (request.ContentType is not { Length: > 0 } given)
        {
            return inbox.Format;
        }

        if (!MediaTypeHeaderValue.TryParse(given, out var type))
        {
            throw Unsupported($"Content-Type is '{given}', which is no media type; send one of {string.Join(", ", MediaTypes)}.");
        }

        if (type.Charset is { HasValue: true } charset && !charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) && !charset.Equals("us-ascii", StringComparison.OrdinalIgnoreCase))
        {
            throw Unsupported($"The body is {charset}; send it as UTF-8.");
        }

        return type.MediaType.Value?.ToLowerInvariant() switch
        {
            "application/x-ndjson" or "application/ndjson" or "application/jsonl" => RecordFormat.Json,
            "application/json" => RecordFormat.JsonArray,
            "text/csv" => RecordFormat.Csv,
            "text/plain" => RecordFormat.Text,
            "application/octet-stream" => inbox.Format,
            var other => throw Unsupported($"The body is {other}; send one of {string.Join(", ", MediaTypes)}."),
        };
    }

    /// <summary>Reads it.</summary>
    /// <returns>False when the inbox is full.</returns>
    /// <exception cref="ProblemException">It is larger than what is read here.</exception>
    public static async Task<bool> ReadAsync(HttpRequest request, PushBody body, long capacity, CancellationToken ct)
    {
        try
        {
            if (request.ContentLength is { } announced && announced > capacity)
            {
                throw TooLarge($"The body is {announced} bytes long, and inbox-bytes of the pipeline is {capacity}");
            }

            var first = (int)(request.ContentLength ?? Chunk);
            while (body.Free.Length > 0 || body.TryReserve(Math.Max(first, body.Length)) || body.TryReserve(Chunk))
            {
                var read = await request.Body.ReadAsync(body.Free, ct).ConfigureAwait(false);
                if (read == 0)
                {
                    return true;
                }

                body.Advance(read);
                if (body.Length == request.ContentLength)
                {
                    return true;
                }
            }

            return body.Length >= capacity ? throw TooLarge($"The body is longer than inbox-bytes of the pipeline ({capacity} bytes)") : false;
        }
        catch (BadHttpRequestException refused) when (refused.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw TooLarge("The body is larger than this service reads");
        }
    }

    /// <summary>A JSON body that is no array is one record, or several one after the other.</summary>
    public static RecordFormat FormatOf(RecordFormat type, PushBody body) =>
        type == RecordFormat.JsonArray && body.FirstCharacter != (byte)'[' ? RecordFormat.JsonDocument : type;

    private static ProblemException TooLarge(string what) =>
        new(StatusCodes.Status413PayloadTooLarge, $"{what}; send smaller batches.");

    private static ProblemException Unsupported(string message) => new(StatusCodes.Status415UnsupportedMediaType, message);
}

/// <summary>Records: JSON lines, a JSON array, CSV or text.</summary>
public sealed record PushedRecords;
