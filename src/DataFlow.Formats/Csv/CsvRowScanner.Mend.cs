namespace DataFlow.Formats;

/// <content>Making the best of a line whose quotes are wrong.</content>
internal sealed partial class CsvRowScanner
{
    /// <summary>
    /// Scans one physical line that always becomes a record: text after a closing quote is appended to the field, a quote
    /// that is not closed in the line is an ordinary character.
    /// </summary>
    /// <param name="line">The bytes up to the line's end, without its separator, from the start of the buffer.</param>
    /// <param name="start">Where the line starts.</param>
    /// <param name="isTruncated">The line was cut: a quoted field that is open there ends with it.</param>
    public void Mend(ReadOnlySpan<byte> line, int start, bool isTruncated)
    {
        Clear(start);
        CsvStep step;
        do
        {
            var field = FieldStart(line);
            step = OpensQuote(line, field) ? Quoted(line, field, CsvEdge.Cut) : CsvStep.UnclosedQuote;
            step = step switch
            {
                CsvStep.TextAfterQuote => QuotedWithTail(line, field),
                CsvStep.UnclosedQuote when isTruncated && OpensQuote(line, field) => TruncatedQuoted(line, field),
                CsvStep.UnclosedQuote => Unquoted(line, field, CsvEdge.Cut),
                _ => step,
            };
        }
        while (step == CsvStep.Field);
    }

    private CsvStep QuotedWithTail(ReadOnlySpan<byte> line, int open)
    {
        var start = open + dialect.Quote.Length;
        FindClosing(line, start, CsvEdge.Cut, out var close, out var hasEscapes, out _);
        var tail = close + dialect.Quote.Length;
        var delimiter = line[tail..].IndexOf(dialect.Delimiter);
        var end = delimiter < 0 ? line.Length : tail + delimiter;
        AddField(new CsvField(start, close - start, IsQuoted: true, hasEscapes, tail, end - tail));
        _at = end + dialect.Delimiter.Length;
        return delimiter < 0 ? EndRecord(end, 0) : CsvStep.Field;
    }

    private CsvStep TruncatedQuoted(ReadOnlySpan<byte> line, int open)
    {
        var start = open + dialect.Quote.Length;
        AddField(new CsvField(start, line.Length - start, IsQuoted: true, HasEscapes: true));
        return EndRecord(line.Length, 0);
    }
}
