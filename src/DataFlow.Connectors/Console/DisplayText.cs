using System.Globalization;
using System.Text;

namespace DataFlow.Connectors;

/// <summary>Text as a terminal shows it: how wide it is, and nothing in it that the terminal would obey.</summary>
internal static class DisplayText
{
    private const char Ellipsis = '…';
    private const int ControlPictures = 0x2400;

    // East Asian wide characters and emoji, in ranges coarse enough to be remembered.
    private static readonly (int First, int Last)[] Wide =
    [
        (0x1100, 0x115F), (0x2E80, 0x303E), (0x3041, 0xA4CF), (0xA960, 0xA97F), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFE30, 0xFE6F),
        (0xFF00, 0xFF60), (0xFFE0, 0xFFE6), (0x1F300, 0x1F64F), (0x1F680, 0x1F6FF), (0x1F900, 0x1F9FF), (0x20000, 0x3FFFD),
    ];

    /// <summary>True when standard output is a terminal whose user hasn't asked for no colours.</summary>
    public static bool HasColour() => !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    /// <summary>Shows control characters as their pictures: a line break as ␊, escape as ␛.</summary>
    public static string Of(string text)
    {
        if (!text.Any(char.IsControl))
        {
            return text;
        }

        return string.Create(text.Length, text, static (shown, original) =>
        {
            for (var index = 0; index < shown.Length; index++)
            {
                var character = original[index];
                shown[index] = character < 0x20 ? (char)(ControlPictures + character)
                    : character == 0x7F ? '␡'
                    : char.IsControl(character) ? '\uFFFD'
                    : character;
            }
        });
    }

    /// <summary>Columns that a text takes on a terminal.</summary>
    public static int WidthOf(string text)
    {
        var width = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            width += WidthOf(rune);
        }

        return width;
    }

    /// <summary>Cuts a text that is too wide; the cut one ends with an ellipsis.</summary>
    public static string Cut(string text, int width)
    {
        if (WidthOf(text) <= width)
        {
            return text;
        }

        var length = 0;
        var used = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            used += WidthOf(rune);
            if (used > width - 1)
            {
                break;
            }

            length += rune.Utf16SequenceLength;
        }

        return text[..length] + Ellipsis;
    }

    private static int WidthOf(Rune rune)
    {
        if (rune.Value < 0x300)
        {
            return 1;
        }

        if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format)
        {
            return 0;
        }

        return Array.Exists(Wide, range => rune.Value >= range.First && rune.Value <= range.Last) ? 2 : 1;
    }
}
