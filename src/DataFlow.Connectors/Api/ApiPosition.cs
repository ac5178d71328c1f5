using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>
/// How far the source has got: the page of the poll that comes next, the newest value for incremental reading, and what makes
/// requests conditional. Immutable.
/// </summary>
internal sealed class ApiPosition : Position
{
    /// <summary>Records read so far, over all polls.</summary>
    public long Records { get; init; }

    /// <summary>Where the poll at hand goes on; null between polls.</summary>
    public ApiPlace? Poll { get; init; }

    /// <summary>The newest value of the polls before this one.</summary>
    public string? Since { get; init; }

    /// <summary>The newest value so far, this poll included.</summary>
    public string? Newest { get; init; }

    /// <summary>What may come again.</summary>
    public ApiSeen? Seen { get; init; }

    /// <summary>ETag of the last answer.</summary>
    public string? ETag { get; init; }

    /// <summary>Last-Modified of the last answer.</summary>
    public string? Modified { get; init; }

    /// <inheritdoc/>
    public override long Offset => Records;

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="ConnectorException">It is something else.</exception>
    public static ApiPosition Read(SplitPosition stored)
    {
        try
        {
            using var document = JsonDocument.Parse(stored.Json);
            var root = document.RootElement;
            return new ApiPosition
            {
                Records = root.GetProperty("records").GetInt64(),
                Poll = root.TryGetProperty("poll", out var poll) ? PlaceOf(poll) : null,
                Since = TextOf(root, "since"),
                Newest = TextOf(root, "newest"),
                Seen = root.TryGetProperty("seen", out var seen) ? ApiSeen.Read(seen) : null,
                ETag = TextOf(root, "etag"),
                Modified = TextOf(root, "modified"),
            };
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw ConnectorException.User(
                $"The stored position '{stored.Json}' is none of an api source. Start over with --fresh, or set a complete one with 'dataflow state set'.", fault);
        }
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("v", 1);
        writer.WriteNumber("records", Records);
        if (Poll is { } poll)
        {
            writer.WriteStartObject("poll");
            writer.WriteNumber("pages", poll.Pages);
            writer.WriteNumber("records", poll.Records);
            WriteText(writer, "next", poll.Next);
            if (poll.Items > 0)
            {
                writer.WriteNumber("items", poll.Items);
                writer.WriteNumber("list", poll.ListHash);
            }

            writer.WriteEndObject();
        }

        WriteText(writer, "since", Since);
        WriteText(writer, "newest", Newest);
        Seen?.Write(writer);
        WriteText(writer, "etag", ETag);
        WriteText(writer, "modified", Modified);
        writer.WriteEndObject();
    }

    private static ApiPlace PlaceOf(JsonElement poll) => new(poll.GetProperty("pages").GetInt64(), poll.GetProperty("records").GetInt64(), TextOf(poll, "next"))
    {
        Items = poll.TryGetProperty("items", out var items) ? items.GetInt32() : 0,
        ListHash = poll.TryGetProperty("list", out var list) ? list.GetInt64() : 0,
    };

    private static string? TextOf(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static void WriteText(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }
}
