namespace DataFlow.Formats;

/// <summary>What stands behind the bytes that are visible.</summary>
internal enum CsvEdge
{
    /// <summary>More bytes may follow.</summary>
    Open,

    /// <summary>Nothing: the last record may lack its separator.</summary>
    Final,

    /// <summary>The bytes were cut out of a line: they hold no separator.</summary>
    Cut,
}

/// <summary>How far a scan has come.</summary>
internal enum CsvStep
{
    /// <summary>A field and its delimiter.</summary>
    Field,

    /// <summary>A whole record.</summary>
    Record,

    /// <summary>The record's end is not visible.</summary>
    Incomplete,

    /// <summary>A closing quote is followed by something that ends no field.</summary>
    TextAfterQuote,

    /// <summary>A quoted field is longer or spans more lines than one may, or nothing follows that could close it.</summary>
    UnclosedQuote,
}

/// <summary>
/// Cuts one record into fields, byte by byte, in any dialect: the reference that <see cref="CsvFastScan"/> must agree with.
/// Holds the last record that was scanned. Not thread-safe.
/// </summary>
internal sealed partial class CsvRowScanner(CsvDialect dialect)
{
    private readonly int _maxFields = dialect.Options.MaxFields;
    private readonly int _maxQuotedLines = dialect.Options.MaxQuotedLines;
    private CsvField[] _fields = new CsvField[16];
    private int _at;

    /// <summary>Number of fields; those beyond max-fields are counted but not kept.</summary>
    public int FieldCount { get; private set; }

    /// <summary>Where the record ends, without its separator.</summary>
    public int ContentEnd { get; private set; }

    /// <summary>Where the next record starts.</summary>
    public int End { get; private set; }

    /// <summary>Physical lines of the record.</summary>
    public int Lines { get; private set; }

    /// <summary>The 0-based field with the first stray quote, or -1.</summary>
    public int StrayQuote { get; private set; }

    /// <summary>A field that was kept.</summary>
    public CsvField this[int index] => _fields[index];

    /// <summary>Scans a record.</summary>
    /// <param name="data">The bytes that are visible, from the start of the buffer.</param>
    /// <param name="start">Where the record starts.</param>
    /// <param name="edge">What stands behind the visible bytes.</param>
    public CsvStep Scan(ReadOnlySpan<byte> data, int start, CsvEdge edge)
    {
        Clear(start);
        while (true)
        {
            var field = FieldStart(data);
            var step = OpensQuote(data, field) ? Quoted(data, field, edge) : Unquoted(data, field, edge);
            if (step != CsvStep.Field)
            {
                return step;
            }
        }
    }

    private void Clear(int start)
    {
        _at = start;
        FieldCount = 0;
        Lines = 0;
        StrayQuote = -1;
    }

    private int FieldStart(ReadOnlySpan<byte> data) => dialect.Options.Trim ? dialect.SkipBlanks(data, _at) : _at;

    private bool OpensQuote(ReadOnlySpan<byte> data, int at) => dialect.Quote.Length > 0 && CsvDialect.StartsWith(data, at, dialect.Quote);

    private CsvStep Unquoted(ReadOnlySpan<byte> data, int start, CsvEdge edge)
    {
        var at = start;
        while (true)
        {
            var found = data[at..].IndexOfAny(dialect.UnquotedStops);
            if (found < 0)
            {
                if (edge == CsvEdge.Open)
                {
                    return CsvStep.Incomplete;
                }

                AddUnquoted(data, start, data.Length);
                return EndRecord(data.Length, 0);
            }

            at += found;
            if (edge != CsvEdge.Cut && CsvDialect.StartsWith(data, at, dialect.Separator.Bytes))
            {
                var end = dialect.Separator.TakesReturn && at > start && data[at - 1] == (byte)'\r' ? at - 1 : at;
                AddUnquoted(data, start, end);
                return EndRecord(end, at - end + dialect.Separator.Length);
            }

            if (CsvDialect.StartsWith(data, at, dialect.Delimiter))
            {
                AddUnquoted(data, start, at);
                _at = at + dialect.Delimiter.Length;
                return CsvStep.Field;
            }

            if (StrayQuote < 0 && OpensQuote(data, at))
            {
                StrayQuote = FieldCount;
            }

            at++;
        }
    }

    private CsvStep Quoted(ReadOnlySpan<byte> data, int open, CsvEdge edge)
    {
        var start = open + dialect.Quote.Length;
        var step = FindClosing(data, start, edge, out var close, out var hasEscapes, out var lines);
        if (step != CsvStep.Field)
        {
            return step;
        }

        _at = close + dialect.Quote.Length;
        var after = FieldStart(data);
        var (end, separator) = (after, SeparatorAt(data, after, edge));
        if (separator == 0 && after < data.Length)
        {
            if (!CsvDialect.StartsWith(data, after, dialect.Delimiter))
            {
                return edge == CsvEdge.Open && MayEndField(data, after) ? CsvStep.Incomplete : CsvStep.TextAfterQuote;
            }
        }
        else if (separator == 0 && edge == CsvEdge.Open)
        {
            return CsvStep.Incomplete;
        }

        Lines += lines;
        AddField(new CsvField(start, close - start, IsQuoted: true, hasEscapes));
        if (separator > 0 || after == data.Length)
        {
            return EndRecord(end, separator);
        }

        _at = after + dialect.Delimiter.Length;
        return CsvStep.Field;
    }

    /// <summary>Finds the quote that closes a field.</summary>
    /// <returns><see cref="CsvStep.Field"/> when it was found.</returns>
    private CsvStep FindClosing(ReadOnlySpan<byte> data, int start, CsvEdge edge, out int close, out bool hasEscapes, out int lines)
    {
        close = start;
        hasEscapes = false;
        lines = 0;
        while (true)
        {
            var found = data[close..].IndexOfAny(dialect.QuotedStops);
            close = found < 0 ? data.Length : close + found;
            if (close - start > CsvDialect.MaxQuotedBytes)
            {
                return CsvStep.UnclosedQuote;
            }

            if (found < 0)
            {
                return edge == CsvEdge.Open ? CsvStep.Incomplete : CsvStep.UnclosedQuote;
            }

            var escaped = EscapedAt(data, close);
            if (escaped > 0)
            {
                hasEscapes = true;
                close += escaped;
            }
            else if (edge == CsvEdge.Open && MayBeEscaped(data, close))
            {
                return CsvStep.Incomplete;
            }
            else if (CsvDialect.StartsWith(data, close, dialect.Quote))
            {
                return CsvStep.Field;
            }
            else if (edge != CsvEdge.Cut && CsvDialect.StartsWith(data, close, dialect.Separator.Bytes))
            {
                close += dialect.Separator.Length;
                if (++lines >= _maxQuotedLines)
                {
                    return CsvStep.UnclosedQuote;
                }
            }
            else
            {
                close++;
            }
        }
    }

    /// <summary>Length of an escape and what it escapes: a quote, or an escape. 0 when neither stands there.</summary>
    private int EscapedAt(ReadOnlySpan<byte> data, int at)
    {
        var escape = dialect.Escape;
        if (escape.Length == 0 || !CsvDialect.StartsWith(data, at, escape))
        {
            return 0;
        }

        var next = at + escape.Length;
        return CsvDialect.StartsWith(data, next, dialect.Quote) ? escape.Length + dialect.Quote.Length
            : CsvDialect.StartsWith(data, next, escape) ? escape.Length * 2
            : 0;
    }

    private bool MayBeEscaped(ReadOnlySpan<byte> data, int at)
    {
        var escape = dialect.Escape;
        return escape.Length > 0
            && (CsvDialect.MayStart(data, at, escape)
                || (CsvDialect.StartsWith(data, at, escape)
                    && (CsvDialect.MayStart(data, at + escape.Length, dialect.Quote)
                        || CsvDialect.MayStart(data, at + escape.Length, escape))));
    }

    private int SeparatorAt(ReadOnlySpan<byte> data, int at, CsvEdge edge)
    {
        if (edge == CsvEdge.Cut)
        {
            return 0;
        }

        var separator = dialect.Separator.Bytes;
        return CsvDialect.StartsWith(data, at, separator) ? separator.Length
            : dialect.Separator.TakesReturn && CsvDialect.StartsWith(data, at, "\r\n"u8) ? 2
            : 0;
    }

    private bool MayEndField(ReadOnlySpan<byte> data, int at) =>
        CsvDialect.MayStart(data, at, dialect.Delimiter)
        || CsvDialect.MayStart(data, at, dialect.Separator.Bytes)
        || (dialect.Separator.TakesReturn && at == data.Length - 1 && data[at] == (byte)'\r');

    private CsvStep EndRecord(int contentEnd, int separator)
    {
        ContentEnd = contentEnd;
        End = contentEnd + separator;
        Lines++;
        return CsvStep.Record;
    }

    private void AddUnquoted(ReadOnlySpan<byte> data, int start, int end)
    {
        while (dialect.Options.Trim && end > start && data[end - 1] is (byte)' ' or (byte)'\t')
        {
            end--;
        }

        AddField(new CsvField(start, end - start));
    }

    private void AddField(CsvField field)
    {
        if (FieldCount < _maxFields)
        {
            if (FieldCount == _fields.Length)
            {
                Array.Resize(ref _fields, _fields.Length * 2);
            }

            _fields[FieldCount] = field;
        }

        FieldCount++;
    }
}
