using System.Runtime.InteropServices;
using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>The stored form of one piece of a <see cref="SeenWindow"/>. Immutable: the hashes up to the count don't change.</summary>
internal sealed class SeenPosition(UInt128[] hashes, int count, CursorValue highest) : Position
{
    public static SeenPosition Empty { get; } = new([], 0, CursorValue.None);

    /// <summary>The rows, by hash.</summary>
    public UInt128[] Hashes => count == hashes.Length ? hashes : hashes[..count];

    /// <summary>The highest cursor among them.</summary>
    public CursorValue Highest => highest;

    /// <inheritdoc/>
    public override long Offset => 0;

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static SeenPosition Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        if (!document.RootElement.TryGetProperty("rows", out var rows))
        {
            return Empty;
        }

        var hashes = MemoryMarshal.Cast<byte, UInt128>(rows.GetBytesFromBase64()).ToArray();
        return new SeenPosition(hashes, hashes.Length, CursorValue.Restore(document.RootElement.GetProperty("highest").GetString()!));
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("v", 1);
        if (count > 0)
        {
            writer.WriteBase64String("rows", MemoryMarshal.AsBytes(hashes.AsSpan(0, count)));
            writer.WriteString("highest", highest.Store());
        }

        writer.WriteEndObject();
    }
}
