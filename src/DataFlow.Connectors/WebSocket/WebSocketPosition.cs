using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>How far the stream has been taken: what a new connection, a restart and the gap ledger go on from.</summary>
/// <param name="Number">Messages so far.</param>
/// <param name="Cursor">The last cursor; null when no message had one.</param>
/// <param name="Sequence">The last sequence number; null when no message had one.</param>
/// <param name="HeardUpTo">Nothing that came before this moment is missing but what gaps stand for; null before the first message.</param>
internal sealed record StreamPlace(long Number, string? Cursor, long? Sequence, DateTimeOffset? HeardUpTo)
{
    /// <summary>Before the first message.</summary>
    public static StreamPlace Start { get; } = new(0, null, null, null);

    /// <summary>The journal that the number belongs to; null when it is the offset.</summary>
    public JournalPlace? Journal { get; init; }

    /// <summary>Messages of the stream so far, whoever counted them: the number for people, which only grows.</summary>
    public long Offset => Number + (Journal?.Elsewhere ?? 0);
}

/// <summary>A <see cref="StreamPlace"/> as it is stored, with what the filling of gaps needs where there is any.</summary>
internal sealed class WebSocketPosition(StreamPlace place, GapFillState? filling = null) : Position
{
    private const int Version = 2;

    /// <inheritdoc/>
    public override long Offset => place.Offset;

    /// <summary>How far the stream has been taken.</summary>
    public StreamPlace Place => place;

    /// <summary>How far its gaps are filled; null when they stay.</summary>
    public GapFillState? Filling => filling;

    /// <summary>Reads a stored position.</summary>
    /// <exception cref="ConnectorException">It is not one of this source.</exception>
    public static WebSocketPosition Parse(SplitPosition stored)
    {
        if (stored.Json.Length == 0)
        {
            return new WebSocketPosition(StreamPlace.Start with { Number = stored.Offset });
        }

        try
        {
            using var document = JsonDocument.Parse(stored.Json);
            var root = document.RootElement;
            if (root.GetProperty("v").GetInt32() != Version)
            {
                throw new FormatException();
            }

            var place = new StreamPlace(
                root.GetProperty("number").GetInt64(),
                root.TryGetProperty("cursor", out var cursor) ? cursor.GetString() : null,
                root.TryGetProperty("sequence", out var sequence) ? sequence.GetInt64() : null,
                root.TryGetProperty("heard", out var heard) ? heard.GetDateTimeOffset() : null)
            {
                Journal = root.TryGetProperty("journal", out var journal)
                    ? new JournalPlace(journal.GetGuid(), root.GetProperty("elsewhere").GetInt64(), root.GetProperty("left").GetInt64())
                    : JournalPlace.None,
            };
            return new WebSocketPosition(place, root.TryGetProperty("filling", out var filling) ? GapFillState.Read(filling) : null);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            throw ConnectorException.User(
                $"The stored position {stored.Json} is not one of this version of the websocket source; start over with --fresh.", exception);
        }
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("v", Version);
        writer.WriteNumber("number", place.Number);
        if (place.Journal is { } journal && journal != JournalPlace.None)
        {
            writer.WriteString("journal", journal.Journal);
            writer.WriteNumber("elsewhere", journal.Elsewhere);
            writer.WriteNumber("left", journal.LeftUpTo);
        }

        if (place.Cursor is { } cursor)
        {
            writer.WriteString("cursor", cursor);
        }

        if (place.Sequence is { } sequence)
        {
            writer.WriteNumber("sequence", sequence);
        }

        if (place.HeardUpTo is { } heard)
        {
            writer.WriteString("heard", heard);
        }

        if (filling is not null)
        {
            writer.WritePropertyName("filling");
            filling.Write(writer);
        }

        writer.WriteEndObject();
    }
}
