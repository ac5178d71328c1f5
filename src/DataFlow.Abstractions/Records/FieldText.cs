using System.Buffers.Text;
using System.Text;

namespace DataFlow;

/// <summary>Decodes field bytes to plain UTF-8 text.</summary>
public static class FieldText
{
    private static ReadOnlySpan<byte> Replacement => "\uFFFD"u8;

    /// <summary>The text of a reference. Allocates for values that need decoding; hot paths use <see cref="RecordBatch.Utf8"/>.</summary>
    public static byte[] Decode(RecordBatch batch, FieldRef field)
    {
        var raw = batch.Raw(field);
        switch (field.Kind)
        {
            case FieldKind.CsvDoubled:
            case FieldKind.JsonStringEscaped:
                {
                    var buffer = new byte[raw.Length];
                    var length = field.Kind == FieldKind.CsvDoubled ? Undouble(raw, buffer) : Unescape(raw, buffer);
                    return buffer.AsSpan(0, length).ToArray();
                }

            case FieldKind.Bytes:
                {
                    var base64 = new byte[Base64.GetMaxEncodedToUtf8Length(raw.Length)];
                    Base64.EncodeToUtf8(raw, base64, out _, out _);
                    return base64;
                }

            case FieldKind.Null or FieldKind.Absent or FieldKind.Unchanged:
                return [];
            default:
                return raw.ToArray();
        }
    }

    /// <summary>Removes the doubling of quotes: <c>""</c> becomes <c>"</c>.</summary>
    /// <param name="raw">The inside of a quoted CSV field.</param>
    /// <param name="output">At least as long as <paramref name="raw"/>.</param>
    /// <param name="quote">The quote character.</param>
    /// <returns>Bytes written.</returns>
    public static int Undouble(ReadOnlySpan<byte> raw, Span<byte> output, byte quote = (byte)'"')
    {
        var written = 0;
        while (true)
        {
            var at = raw.IndexOf(quote);
            if (at < 0)
            {
                raw.CopyTo(output[written..]);
                return written + raw.Length;
            }

            raw[..(at + 1)].CopyTo(output[written..]);
            written += at + 1;
            raw = raw[(at + 1 < raw.Length && raw[at + 1] == quote ? at + 2 : at + 1)..];
        }
    }

    /// <summary>Resolves the escapes of a JSON string. A lone surrogate becomes U+FFFD.</summary>
    /// <param name="raw">The inside of a valid JSON string.</param>
    /// <param name="output">At least as long as <paramref name="raw"/>.</param>
    /// <returns>Bytes written.</returns>
    public static int Unescape(ReadOnlySpan<byte> raw, Span<byte> output)
    {
        var written = 0;
        while (true)
        {
            var at = raw.IndexOf((byte)'\\');
            if (at < 0 || at + 1 >= raw.Length)
            {
                raw.CopyTo(output[written..]);
                return written + raw.Length;
            }

            raw[..at].CopyTo(output[written..]);
            written += at;
            if (raw[at + 1] == (byte)'u')
            {
                written += UnescapeUnicode(raw[at..], output[written..], out var consumed);
                raw = raw[(at + consumed)..];
            }
            else
            {
                output[written++] = raw[at + 1] switch
                {
                    (byte)'b' => (byte)'\b',
                    (byte)'f' => (byte)'\f',
                    (byte)'n' => (byte)'\n',
                    (byte)'r' => (byte)'\r',
                    (byte)'t' => (byte)'\t',
                    var other => other,
                };
                raw = raw[(at + 2)..];
            }
        }
    }

    internal static FieldRef DecodeToOverlay(RecordBatch batch, FieldRef field)
    {
        var room = field.Kind == FieldKind.Bytes ? Base64.GetMaxEncodedToUtf8Length(field.Length) : field.Length;
        var output = batch.ReserveOverlay(room);
        var raw = batch.Raw(field);
        int length;
        switch (field.Kind)
        {
            case FieldKind.CsvDoubled:
                length = Undouble(raw, output);
                break;
            case FieldKind.JsonStringEscaped:
                length = Unescape(raw, output);
                break;
            default:
                Base64.EncodeToUtf8(raw, output, out _, out length);
                break;
        }

        return batch.CommitOverlay(length);
    }

    private static int UnescapeUnicode(ReadOnlySpan<byte> raw, Span<byte> output, out int consumed)
    {
        consumed = Math.Min(6, raw.Length);
        if (!TryHex(raw, out var first))
        {
            Replacement.CopyTo(output);
            return Replacement.Length;
        }

        if (char.IsHighSurrogate(first) && raw.Length >= 12 && raw[6] == (byte)'\\' && raw[7] == (byte)'u'
            && TryHex(raw[6..], out var second) && char.IsLowSurrogate(second))
        {
            consumed = 12;
            return new Rune(first, second).EncodeToUtf8(output);
        }

        return (Rune.TryCreate(first, out var rune) ? rune : Rune.ReplacementChar).EncodeToUtf8(output);
    }

    private static bool TryHex(ReadOnlySpan<byte> escape, out char value)
    {
        value = default;
        if (escape.Length < 6 || !Utf8Parser.TryParse(escape.Slice(2, 4), out ushort number, out var used, 'x') || used != 4)
        {
            return false;
        }

        value = (char)number;
        return true;
    }
}
