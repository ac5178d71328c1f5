using System.Buffers;
using System.Globalization;
using System.Text;

namespace DataFlow.Engine.State;

/// <summary>
/// Texts as PostgreSQL can hold them: it takes neither U+0000 nor half of a surrogate pair, and both come with messy data. They are
/// written as the symbol for escape, U+241B, and four hexadecimal digits, and so is that symbol itself. All other texts stay as
/// they are.
/// </summary>
internal static class PostgresText
{
    private const char Mark = '\u241b';
    private const int Digits = 4;

    /// <summary>A text to store.</summary>
    public static string Escape(string text)
    {
        var rest = text.AsSpan();
        if (!rest.ContainsAny('\0', Mark) && !rest.ContainsAnyInRange('\ud800', '\udfff'))
        {
            return text;
        }

        var escaped = new StringBuilder(text.Length + Digits);
        while (!rest.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(rest, out var rune, out var length) == OperationStatus.Done && rune.Value is not (0 or Mark))
            {
                escaped.Append(rest[..length]);
            }
            else
            {
                escaped.Append(CultureInfo.InvariantCulture, $"{Mark}{(int)rest[0]:X4}");
            }

            rest = rest[length..];
        }

        return escaped.ToString();
    }

    /// <summary>A text that was stored.</summary>
    public static string Unescape(string text)
    {
        if (!text.Contains(Mark, StringComparison.Ordinal))
        {
            return text;
        }

        var plain = new StringBuilder(text.Length);
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == Mark)
            {
                plain.Append((char)int.Parse(text.AsSpan(at + 1, Digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                at += Digits;
            }
            else
            {
                plain.Append(text[at]);
            }
        }

        return plain.ToString();
    }
}
