using System.Text;

namespace DataFlow.Formats;

/// <summary>What ends a line, and where the next one is. Immutable, thread-safe.</summary>
internal sealed class LineSeparator
{
    private const int CountedAtOnce = 4096;

    private readonly byte[] _bytes;
    private readonly bool _returnBelongsToIt;

    private LineSeparator(byte[] bytes, bool returnBelongsToIt)
    {
        _bytes = bytes;
        _returnBelongsToIt = returnBelongsToIt;
    }

    /// <summary>What is searched for.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Length of what is searched for.</summary>
    public int Length => _bytes.Length;

    /// <summary>True when a carriage return directly before it belongs to it.</summary>
    public bool TakesReturn => _returnBelongsToIt;

    /// <summary>The most bytes that can stand between a line's content and the next line.</summary>
    public int MaxLength => _bytes.Length + (_returnBelongsToIt ? 1 : 0);

    /// <summary>
    /// Reads the option: <c>auto</c>, <c>lf</c>, <c>crlf</c>, <c>cr</c>, or any other text, in which \n, \r, \t and \0 may stand
    /// for the characters.
    /// </summary>
    /// <exception cref="OptionException">The text is empty.</exception>
    public static LineSeparator Parse(string option) => option.ToUpperInvariant() switch
    {
        "AUTO" => new LineSeparator([(byte)'\n'], returnBelongsToIt: true),
        "LF" => new LineSeparator([(byte)'\n'], returnBelongsToIt: false),
        "CRLF" => new LineSeparator([(byte)'\r', (byte)'\n'], returnBelongsToIt: false),
        "CR" => new LineSeparator([(byte)'\r'], returnBelongsToIt: false),
        "" => throw new OptionException(
            "record-separator", "The record-separator is empty; give auto, lf, crlf, cr or the text that ends a record."),
        _ => new LineSeparator(Encoding.UTF8.GetBytes(Unescape(option)), returnBelongsToIt: false),
    };

    /// <summary>Where the first separator starts, or -1.</summary>
    public int IndexOf(ReadOnlySpan<byte> bytes) => _bytes.Length == 1 ? bytes.IndexOf(_bytes[0]) : bytes.IndexOf(_bytes);

    /// <summary>Length of a line's content, given everything before the separator that was found.</summary>
    public int ContentLength(ReadOnlySpan<byte> beforeSeparator) =>
        _returnBelongsToIt && beforeSeparator is [.., (byte)'\r'] ? beforeSeparator.Length - 1 : beforeSeparator.Length;

    /// <summary>True when it is a line feed, which can stand nowhere inside a line.</summary>
    public bool IsLineFeed => _bytes is [(byte)'\n'];

    /// <summary>Where the last complete line ends, its separator included; 0 when there is none.</summary>
    public int LastEnd(ReadOnlySpan<byte> bytes)
    {
        var at = bytes.LastIndexOf(_bytes);
        return at < 0 ? 0 : at + _bytes.Length;
    }

    /// <summary>Where the last complete line ends, its separator included, of at most so many lines.</summary>
    public int EndOfLines(ReadOnlySpan<byte> bytes, int maxLines, out int lines)
    {
        if (_bytes.Length > 1)
        {
            return EndOneByOne(bytes, maxLines, out lines);
        }

        lines = bytes.Count(_bytes[0]);
        if (lines <= maxLines)
        {
            return bytes.LastIndexOf(_bytes[0]) + 1;
        }

        lines = 0;
        var end = 0;
        while (true)
        {
            var block = bytes.Slice(end, Math.Min(CountedAtOnce, bytes.Length - end));
            var more = block.Count(_bytes[0]);
            if (lines + more > maxLines)
            {
                end += EndOneByOne(block, maxLines - lines, out more);
                lines += more;
                return end;
            }

            lines += more;
            end += block.Length;
        }
    }

    private int EndOneByOne(ReadOnlySpan<byte> bytes, int maxLines, out int lines)
    {
        var end = 0;
        for (lines = 0; lines < maxLines; lines++)
        {
            var at = IndexOf(bytes[end..]);
            if (at < 0)
            {
                break;
            }

            end += at + _bytes.Length;
        }

        return end;
    }

    private static string Unescape(string option) => option
        .Replace("\\n", "\n", StringComparison.Ordinal)
        .Replace("\\r", "\r", StringComparison.Ordinal)
        .Replace("\\t", "\t", StringComparison.Ordinal)
        .Replace("\\0", "\0", StringComparison.Ordinal);
}
