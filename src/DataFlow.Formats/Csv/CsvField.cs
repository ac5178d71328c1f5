namespace DataFlow.Formats;

/// <summary>Where a field stands in the buffer, and what has to be done to read it.</summary>
/// <param name="Start">First byte; of a quoted field the first one after the quote.</param>
/// <param name="Length">Length in bytes, without quotes.</param>
/// <param name="IsQuoted">It stood in quotes.</param>
/// <param name="HasEscapes">Quotes in it are escaped or doubled.</param>
/// <param name="TailStart">Where the text after the closing quote starts that a repair appends.</param>
/// <param name="TailLength">Its length; 0 but for repaired fields.</param>
internal readonly record struct CsvField(
    int Start, int Length, bool IsQuoted = false, bool HasEscapes = false, int TailStart = 0, int TailLength = 0)
{
    /// <summary>The value has to be put together: it doesn't stand in the buffer as it is read.</summary>
    public bool NeedsDecoding => HasEscapes || TailLength > 0;

    /// <summary>Puts the value together.</summary>
    /// <param name="data">The buffer.</param>
    /// <param name="dialect">What escapes quotes.</param>
    /// <param name="output">At least as long as the field and its tail.</param>
    /// <returns>Bytes written.</returns>
    public int Decode(ReadOnlySpan<byte> data, CsvDialect dialect, Span<byte> output)
    {
        var inner = data.Slice(Start, Length);
        var written = 0;
        while (HasEscapes && dialect.Escape.Length > 0 && inner.IndexOf(dialect.Escape) is >= 0 and var at)
        {
            inner[..at].CopyTo(output[written..]);
            written += at;
            var next = at + dialect.Escape.Length;
            var escaped = CsvDialect.StartsWith(inner, next, dialect.Quote) ? dialect.Quote : dialect.Escape;
            escaped.CopyTo(output[written..]);
            written += escaped.Length;

            // An escape before anything else is an ordinary character.
            inner = inner[(CsvDialect.StartsWith(inner, next, escaped) ? next + escaped.Length : next)..];
        }

        inner.CopyTo(output[written..]);
        written += inner.Length;
        data.Slice(TailStart, TailLength).CopyTo(output[written..]);
        return written + TailLength;
    }
}
