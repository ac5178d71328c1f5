using System.Text.Json;

namespace DataFlow.Formats;

/// <summary>Tells whether the text of a typed column may stand in JSON without quotes.</summary>
internal static class JsonToken
{
    private static readonly JsonReaderOptions AnyDepth = new() { MaxDepth = 1000 };

    /// <summary>True when the text is a JSON token of the type; otherwise it has to be a JSON string.</summary>
    public static bool Is(FieldType type, ReadOnlySpan<byte> text) => type switch
    {
        FieldType.Int64 => IsNumber(text, whole: true),
        FieldType.Decimal or FieldType.Double => IsNumber(text, whole: false),
        FieldType.Bool => text.SequenceEqual("true"u8) || text.SequenceEqual("false"u8),
        FieldType.Json => IsDocument(text),
        _ => false,
    };

    private static bool IsNumber(ReadOnlySpan<byte> text, bool whole)
    {
        var rest = text.Length > 0 && text[0] == '-' ? text[1..] : text;
        var digits = Digits(rest);
        if (digits == 0 || (digits > 1 && rest[0] == '0'))
        {
            return false;
        }

        rest = rest[digits..];
        if (whole || rest.IsEmpty)
        {
            return rest.IsEmpty;
        }

        if (rest[0] == '.')
        {
            digits = Digits(rest[1..]);
            if (digits == 0)
            {
                return false;
            }

            rest = rest[(1 + digits)..];
        }

        if (!rest.IsEmpty && rest[0] is (byte)'e' or (byte)'E')
        {
            rest = rest[1..];
            rest = !rest.IsEmpty && rest[0] is (byte)'+' or (byte)'-' ? rest[1..] : rest;
            digits = Digits(rest);
            return digits > 0 && digits == rest.Length;
        }

        return rest.IsEmpty;
    }

    private static int Digits(ReadOnlySpan<byte> text)
    {
        var other = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return other < 0 ? text.Length : other;
    }

    private static bool IsDocument(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text, AnyDepth);
        try
        {
            while (reader.Read())
            {
            }

            return reader.BytesConsumed == text.Length;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
