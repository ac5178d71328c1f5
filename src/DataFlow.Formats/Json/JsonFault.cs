using System.Text;

namespace DataFlow.Formats;

/// <summary>Why a JSON text was not taken as a row.</summary>
internal enum JsonFault : byte
{
    None,

    /// <summary>Not a fault of the text: its new columns don't fit into this batch, it belongs to the next one.</summary>
    BatchFull,
    TooManyFields,
    TooDeep,
    ValueExpected,
    KeyExpected,
    KeyOrEndExpected,
    ColonExpected,
    CommaOrBraceExpected,
    CommaOrBracketExpected,
    QuoteExpected,
    EscapeExpected,
    HexDigitExpected,
    DigitExpected,
    LeadingZero,
    EndExpected,
}

/// <summary>Sentences about faults.</summary>
internal static class JsonFaults
{
    /// <summary>What is wrong, without the place: <c>found '}', expected a JSON value</c>.</summary>
    /// <param name="fault">What the grammar missed.</param>
    /// <param name="rest">The text from the fault on; empty at its end.</param>
    public static string Describe(JsonFault fault, ReadOnlySpan<byte> rest) =>
        fault is JsonFault.TooDeep
            ? $"objects and arrays are nested more than {JsonGrammar.MaxDepth} deep"
            : $"found {Found(rest)}, expected {Expected(fault)}";

    private static string Expected(JsonFault fault) => fault switch
    {
        JsonFault.ValueExpected => "a JSON value",
        JsonFault.KeyExpected => "a key in double quotes",
        JsonFault.KeyOrEndExpected => "a key in double quotes or '}'",
        JsonFault.ColonExpected => "':'",
        JsonFault.CommaOrBraceExpected => "',' or '}'",
        JsonFault.CommaOrBracketExpected => "',' or ']'",
        JsonFault.QuoteExpected => "the closing quote of the string (control characters must be written as escapes)",
        JsonFault.EscapeExpected => "one of \" \\ / b f n r t u after the backslash",
        JsonFault.HexDigitExpected => "four hexadecimal digits after \\u",
        JsonFault.DigitExpected => "a digit",
        JsonFault.LeadingZero => "no digit after a leading zero",
        _ => "nothing after the JSON value",
    };

    private static string Found(ReadOnlySpan<byte> rest)
    {
        if (rest.IsEmpty)
        {
            return "the end";
        }

        Rune.DecodeFromUtf8(rest, out var rune, out _);
        return Rune.IsControl(rune) ? $"the control character U+{rune.Value:X4}" : $"'{rune}'";
    }
}
