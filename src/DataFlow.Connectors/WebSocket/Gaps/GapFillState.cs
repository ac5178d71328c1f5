using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>What the filling of gaps needs to go on after a restart; a part of the position. Immutable.</summary>
/// <param name="Recent">Keys of the newest messages, as hashes, in the pieces in which they came.</param>
/// <param name="Gaps">Gaps that are not filled, or not yet entered as such.</param>
internal sealed record GapFillState(ImmutableQueue<long[]> Recent, ImmutableList<OpenGap> Gaps)
{
    /// <summary>Before the first message.</summary>
    public static GapFillState Start { get; } = new([], []);

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static GapFillState Read(JsonElement element) => new(
        [HashesOf(element.GetProperty("recent"))], [.. element.GetProperty("gaps").EnumerateArray().Select(OpenGap.Read)]);

    /// <summary>The same with newer keys, and without the oldest ones.</summary>
    public GapFillState With(long[] keys, int most)
    {
        var recent = keys.Length > 0 ? Recent.Enqueue(keys) : Recent;
        for (var count = recent.Sum(piece => piece.Length); !recent.IsEmpty && count - recent.Peek().Length >= most;)
        {
            recent = recent.Dequeue(out var oldest);
            count -= oldest.Length;
        }

        return new GapFillState(recent, Gaps);
    }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("recent");
        WriteHashes(writer, [.. Recent.SelectMany(keys => keys)]);
        writer.WriteStartArray("gaps");
        foreach (var gap in Gaps)
        {
            gap.Write(writer);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    public static void WriteHashes(Utf8JsonWriter writer, ReadOnlySpan<long> hashes) => writer.WriteBase64StringValue(MemoryMarshal.AsBytes(hashes));

    public static long[] HashesOf(JsonElement element) => MemoryMarshal.Cast<byte, long>(element.GetBytesFromBase64()).ToArray();
}

/// <summary>A gap that is being filled. Immutable.</summary>
/// <param name="Gap">Its entry in the ledger.</param>
/// <param name="Known">Keys of messages around it, as hashes.</param>
/// <param name="Room">So many keys of later messages are still to be added.</param>
internal sealed record OpenGap(SourceGap Gap, ImmutableHashSet<long> Known, int Room)
{
    /// <summary>How far the API has been read; null before the first page.</summary>
    public ApiPosition? Position { get; init; }

    /// <summary>Keys of the records of the page at hand that were handed on.</summary>
    public ImmutableHashSet<long> Page { get; init; } = [];

    /// <summary>Records that were found.</summary>
    public long Filled { get; init; }

    /// <summary>The last page has been read.</summary>
    public bool IsFilled => Position is { Poll: null };

    public static OpenGap Read(JsonElement element) => new(
        SourceGap.Parse(element.GetProperty("gap").GetRawText()),
        [.. GapFillState.HashesOf(element.GetProperty("known"))],
        element.GetProperty("room").GetInt32())
    {
        Position = element.TryGetProperty("api", out var api) ? ApiPosition.Read(new SplitPosition(0, api.GetRawText())) : null,
        Page = [.. GapFillState.HashesOf(element.GetProperty("page"))],
        Filled = element.GetProperty("filled").GetInt64(),
    };

    /// <summary>Remembers messages that came after it, as many as there is room for.</summary>
    public OpenGap Add(long[] keys) => Room == 0 ? this : this with
    {
        Known = Known.Union(keys.Take(Room)),
        Room = Math.Max(0, Room - keys.Length),
    };

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("gap");
        writer.WriteRawValue(Gap.ToString());
        writer.WritePropertyName("known");
        GapFillState.WriteHashes(writer, [.. Known]);
        writer.WriteNumber("room", Room);
        writer.WritePropertyName("page");
        GapFillState.WriteHashes(writer, [.. Page]);
        writer.WriteNumber("filled", Filled);
        if (Position is not null)
        {
            writer.WritePropertyName("api");
            Position.Write(writer);
        }

        writer.WriteEndObject();
    }
}
