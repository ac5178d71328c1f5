using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace DataFlow.Connectors;

/// <summary>
/// The headers of a message as they stand in a frame: for each the length of its name, the name, the length of its value
/// (<see cref="KafkaFrame.Null"/> for null) and the value. In the order of the message, with names that stand twice.
/// </summary>
internal static class KafkaHeaders
{
    /// <summary>Metadata with all headers of a message, in order, as JSON.</summary>
    public const string All = "kafka_headers";

    /// <summary>Before the name of a header in metadata.</summary>
    public const string Prefix = "headers.";

    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Appends a header to a buffer.</summary>
    public static void Append(ref byte[] buffer, ref int length, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool isNull)
    {
        var needed = length + (2 * sizeof(int)) + name.Length + value.Length;
        if (needed > buffer.Length)
        {
            Array.Resize(ref buffer, Math.Max(needed, buffer.Length * 2));
        }

        var target = buffer.AsSpan(length);
        BinaryPrimitives.WriteInt32LittleEndian(target, name.Length);
        name.CopyTo(target[sizeof(int)..]);
        target = target[(sizeof(int) + name.Length)..];
        BinaryPrimitives.WriteInt32LittleEndian(target, isNull ? KafkaFrame.Null : value.Length);
        value.CopyTo(target[sizeof(int)..]);
        length = needed;
    }

    /// <summary>Takes the next header off.</summary>
    /// <returns>False at the end.</returns>
    public static bool TryNext(ref ReadOnlySpan<byte> headers, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value, out bool isNull)
    {
        if (headers.IsEmpty)
        {
            name = value = default;
            isNull = false;
            return false;
        }

        var nameLength = BinaryPrimitives.ReadInt32LittleEndian(headers);
        name = headers.Slice(sizeof(int), nameLength);
        headers = headers[(sizeof(int) + nameLength)..];
        var valueLength = BinaryPrimitives.ReadInt32LittleEndian(headers);
        isNull = valueLength == KafkaFrame.Null;
        value = headers.Slice(sizeof(int), Math.Max(0, valueLength));
        headers = headers[(sizeof(int) + value.Length)..];
        return true;
    }

    /// <summary>The last value of a name as text, bytes that are no text as base64; null when there is none or it is null.</summary>
    public static string? TextOf(ReadOnlySpan<byte> headers, ReadOnlySpan<byte> wanted)
    {
        string? text = null;
        while (TryNext(ref headers, out var name, out var value, out var isNull))
        {
            if (name.SequenceEqual(wanted))
            {
                text = isNull ? null : Utf8.IsValid(value) ? Encoding.UTF8.GetString(value) : Convert.ToBase64String(value);
            }
        }

        return text;
    }

    /// <summary>All headers as JSON: <c>[{"name":"a","value":"text"},{"name":"b","base64":"/w=="}]</c>; null when there are none.</summary>
    public static string? JsonOf(ReadOnlySpan<byte> headers)
    {
        if (headers.IsEmpty)
        {
            return null;
        }

        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Json))
        {
            writer.WriteStartArray();
            while (TryNext(ref headers, out var name, out var value, out var isNull))
            {
                writer.WriteStartObject();
                writer.WriteString("name"u8, name);
                if (isNull)
                {
                    writer.WriteNull("value"u8);
                }
                else if (Utf8.IsValid(value))
                {
                    writer.WriteString("value"u8, value);
                }
                else
                {
                    writer.WriteBase64String("base64"u8, value);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }
}
