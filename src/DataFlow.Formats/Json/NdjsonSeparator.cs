using System.Text;

namespace DataFlow.Formats;

/// <summary>Where records end: at a line feed, or at any other text.</summary>
internal sealed class NdjsonSeparator
{
    private readonly byte[] _text;
    private readonly bool _dropsCarriageReturn;

    /// <summary>Reads the option: auto (LF or CRLF), lf, crlf, cr, or the text itself.</summary>
    public NdjsonSeparator(string option)
    {
        _text = option switch
        {
            "auto" or "lf" => "\n"u8.ToArray(),
            "crlf" => "\r\n"u8.ToArray(),
            "cr" => "\r"u8.ToArray(),
            _ => Encoding.UTF8.GetBytes(option),
        };
        _dropsCarriageReturn = option == "auto";
        IsLineFeed = option is "auto" or "lf";
    }

    /// <summary>True when a line feed ends a record, so that rows can be parsed without looking for their end first.</summary>
    public bool IsLineFeed { get; }

    /// <summary>Most bytes at the end of a buffer that may be the first part of a separator.</summary>
    public int Overlap => _text.Length - 1;

    /// <summary>Most bytes at the end of a buffer that may turn out not to be part of the line.</summary>
    public int Undecided => _dropsCarriageReturn ? 1 : Overlap;

    /// <summary>Where the next line starts, or -1 when no separator follows.</summary>
    public int NextLine(ReadOnlySpan<byte> data, int at)
    {
        var found = data[at..].IndexOf(_text);
        return found < 0 ? -1 : at + found + _text.Length;
    }

    /// <summary>Where the line after the last separator starts; <paramref name="at"/> when there is none.</summary>
    public int LastLine(ReadOnlySpan<byte> data, int at)
    {
        var found = data[at..].LastIndexOf(_text);
        return found < 0 ? at : at + found + _text.Length;
    }

    /// <summary>Where the content of a line ends.</summary>
    /// <param name="data">The buffer.</param>
    /// <param name="start">Where the line starts.</param>
    /// <param name="next">Where the next line starts, or the end of the stream.</param>
    public int ContentEnd(ReadOnlySpan<byte> data, int start, int next)
    {
        var end = data[start..next].EndsWith(_text) ? next - _text.Length : next;
        return _dropsCarriageReturn && end > start && data[end - 1] == (byte)'\r' ? end - 1 : end;
    }
}
