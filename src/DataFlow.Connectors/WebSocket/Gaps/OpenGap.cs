using System.Collections.Immutable;
using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>
/// A gap that is being filled, or that was and whose records may still come a second time: over the stream, which had not brought
/// all of its messages then, or for a gap beside it. Immutable.
/// </summary>
/// <param name="Gap">Its entry in the ledger.</param>
/// <param name="Known">Keys of messages around it, as hashes.</param>
/// <param name="Room">So many later messages still count as being around it.</param>
internal sealed record OpenGap(SourceGap Gap, ImmutableHashSet<long> Known, int Room)
{
    private const int OtherBytes = 500;

    /// <summary>How far the API has been read; null before the first page.</summary>
    public ApiPosition? Position { get; init; }

    /// <summary>Keys of the records of the page at hand that were handed on.</summary>
    public ImmutableHashSet<long> Page { get; init; } = [];

    /// <summary>Keys of the records that were handed on.</summary>
    public FoundKeys Found { get; init; } = FoundKeys.None;

    /// <summary>Records that were found.</summary>
    public long Filled { get; init; }

    /// <summary>The ledger shows it as filled.</summary>
    public bool IsEntered { get; init; }

    /// <summary>About how many bytes it takes in a position.</summary>
    public int Size => NewestKeys.SizeOf(Known.Count + Page.Count + Found.Count) + (2 * Gap.Reason.Length) + OtherBytes;

    /// <summary>The last page has been read.</summary>
    public bool IsFilled => Position is { Poll: null };

    public static OpenGap Read(JsonElement element) => new(
        SourceGap.Parse(element.GetProperty("gap").GetRawText()),
        [.. NewestKeys.HashesOf(element.GetProperty("known"))],
        element.GetProperty("room").GetInt32())
    {
        Position = element.TryGetProperty("api", out var api) ? ApiPosition.Read(new SplitPosition(0, api.GetRawText())) : null,
        Page = [.. NewestKeys.HashesOf(element.GetProperty("page"))],
        Found = FoundKeys.Read(element.GetProperty("found")),
        Filled = element.GetProperty("filled").GetInt64(),
        IsEntered = element.GetProperty("entered").GetBoolean(),
    };

    /// <summary>Remembers messages that came after it, as many as there is room for.</summary>
    public OpenGap Add(long[] keys) => Room == 0 ? this : this with
    {
        Known = IsFilled ? [] : Known.Union(keys.Take(Room)),
        Room = Math.Max(0, Room - keys.Length),
    };

    /// <summary>True when an API that is asked for one of them can give out what belongs to the other.</summary>
    /// <param name="other">Another gap.</param>
    /// <param name="margin">How far a record may be from the gap that it is given out for.</param>
    public bool IsBeside(OpenGap other, TimeSpan margin) =>
        Gap.From - margin <= other.Gap.To + margin && other.Gap.From - margin <= Gap.To + margin;

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("gap");
        writer.WriteRawValue(Gap.ToString());
        writer.WritePropertyName("known");
        NewestKeys.WriteHashes(writer, [.. Known]);
        writer.WriteNumber("room", Room);
        writer.WritePropertyName("page");
        NewestKeys.WriteHashes(writer, [.. Page]);
        writer.WritePropertyName("found");
        Found.Write(writer);
        writer.WriteNumber("filled", Filled);
        writer.WriteBoolean("entered", IsEntered);
        if (Position is not null)
        {
            writer.WritePropertyName("api");
            Position.Write(writer);
        }

        writer.WriteEndObject();
    }
}
