namespace DataFlow.Formats;

/// <summary>
/// Takes one buffer after another apart: lines that are left out, the header, rows. Whatever <see cref="CsvFastScan"/> is not
/// sure of, <see cref="CsvRowScanner"/> decides, row by row. Not thread-safe.
/// </summary>
internal sealed partial class CsvParser(CsvDialect dialect, CsvPath path)
{
    private readonly FormatOptions _options = dialect.Options;
    private readonly CsvRowScanner _scanner = new(dialect);
    private RecordBatch _batch = null!;
    private bool _isFinal;
    private int _maxRecords;
    private bool _isFast;

    /// <summary>Bytes taken so far.</summary>
    public int At { get; private set; }

    /// <summary>Physical lines taken so far.</summary>
    public int Line { get; private set; }

    /// <summary>What was taken ends inside a line whose rest belongs to no record.</summary>
    public bool InDroppedLine { get; private set; }

    /// <summary>The columns, once they are known.</summary>
    public CsvLayout? Layout { get; private set; }

    /// <summary>As much as an error keeps is waited for, so that a dead letter doesn't depend on the size of the buffer.</summary>
    private int SurelyTooLong => Math.Max(dialect.MaxLineBytes, RecordError.MaxRawBytes) + dialect.Separator.MaxLength;

    private ReadOnlySpan<byte> Visible => _batch.Data.AsSpan(0, _batch.Length);

    private bool HasRoom => _batch.RowCount + _batch.Errors.Count < _maxRecords;

    /// <summary>Turns to a new buffer.</summary>
    /// <param name="batch">Filled, without rows, with its FirstLine.</param>
    /// <param name="layout">The columns; null when they are still to be found.</param>
    /// <param name="isFinal">Nothing follows the buffer.</param>
    /// <param name="maxRecords">Most rows and errors to take.</param>
    /// <param name="inDroppedLine">The buffer starts inside a line whose rest belongs to no record.</param>
    public void Start(RecordBatch batch, CsvLayout? layout, bool isFinal, int maxRecords, bool inDroppedLine)
    {
        _batch = batch;
        _isFinal = isFinal;
        _maxRecords = maxRecords;
        At = 0;
        Line = 0;
        InDroppedLine = inDroppedLine;
        Layout = null;
        _isFast = false;
        _validTo = 0;
        _invalidAt = -1;
        _validateNext = ValidatedAtOnce;
        _extras.Clear();
        if (layout is not null)
        {
            Use(layout);
        }
    }

    /// <summary>Passes over the rest of a dropped line, and over lines until so many were passed.</summary>
    /// <returns>False when the buffer ends before.</returns>
    public bool PassLines(long lines)
    {
        while (InDroppedLine || Line < lines)
        {
            if (At == _batch.Length && !(InDroppedLine && _isFinal))
            {
                return false;
            }

            InDroppedLine = false;
            DropLine();
            if (InDroppedLine)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Takes all rows that are complete, at most as many as allowed.</summary>
    public void TakeRows()
    {
        while (At < _batch.Length && HasRoom && !InDroppedLine)
        {
            if (_isFast)
            {
                TakeFastRows();
                if (At == _batch.Length || !HasRoom)
                {
                    break;
                }
            }

            if (!TakeRow())
            {
                break;
            }
        }

        AddExtras();
    }

    /// <summary>Takes one row, or one line that is none.</summary>
    /// <returns>False when it has to wait for the next call.</returns>
    private bool TakeRow()
    {
        if (PassIgnored())
        {
            return true;
        }

        return TryScan(out var row, out var problem) && (problem == CsvProblem.LineTooLong ? SettleLongLine(row) : Settle(row, problem));
    }

    private void Use(CsvLayout layout)
    {
        Layout = layout;
        _maxRecords = Math.Min(_maxRecords, Math.Max(1, RecordBatch.MaxCells / layout.Count));
        _isFast = path != CsvPath.Careful && dialect.IsFast(layout.Count);
        _batch.Begin(layout.Schema, Math.Min(_maxRecords, _batch.Length / 64));
        _batch.IdColumn = layout.IdColumn;
    }

    /// <summary>Passes over a blank line or a comment.</summary>
    /// <returns>False when something else stands there.</returns>
    private bool PassIgnored()
    {
        var data = Visible;
        var separator = dialect.Separator;
        var blank = CsvDialect.StartsWith(data, At, separator.Bytes) ? separator.Length
            : separator.TakesReturn && CsvDialect.StartsWith(data, At, "\r\n"u8) ? 2
            : 0;
        if (blank > 0)
        {
            At += blank;
            Line++;
            return true;
        }

        if (dialect.Comment.Length == 0 || !CsvDialect.StartsWith(data, At, dialect.Comment))
        {
            return false;
        }

        DropLine();
        return true;
    }

    /// <summary>Passes over what is visible of a line.</summary>
    private void DropLine()
    {
        var rest = Visible[At..];
        var end = dialect.Separator.IndexOf(rest);
        if (end < 0 && !_isFinal)
        {
            InDroppedLine = true;
            At += Math.Max(0, rest.Length - (dialect.Separator.Length - 1));
            return;
        }

        At = end < 0 ? _batch.Length : At + end + dialect.Separator.Length;
        Line++;
    }

    private void Pass(CsvSlice row)
    {
        At = row.End;
        Line += row.Lines;
        if (At < 0)
        {
            At = row.Start;
            Line -= row.Lines;
            DropLine();
        }
    }

    /// <summary>Finds the record that starts here. When its quotes are wrong, its first physical line is what is found.</summary>
    /// <returns>False when more bytes are needed.</returns>
    private bool TryScan(out CsvSlice row, out CsvProblem problem)
    {
        var data = Visible;
        row = default;
        problem = CsvProblem.None;
        if (!_isFinal && dialect.Comment.Length > 0 && CsvDialect.MayStart(data, At, dialect.Comment))
        {
            return false;
        }

        var most = (int)Math.Min(data.Length, (long)At + dialect.MaxLineBytes + dialect.Separator.MaxLength);
        var step = _scanner.Scan(data[..most], At, _isFinal && most == data.Length ? CsvEdge.Final : CsvEdge.Open);
        if (step == CsvStep.Record && _scanner.ContentEnd - At <= dialect.MaxLineBytes)
        {
            row = new CsvSlice(At, _scanner.ContentEnd, _scanner.End, _scanner.Lines);
            return true;
        }

        if (step == CsvStep.Incomplete && most - At < dialect.MaxLineBytes + dialect.Separator.MaxLength)
        {
            return false;
        }

        var rest = data[At..];
        var end = dialect.Separator.IndexOf(rest);
        if (end >= 0)
        {
            row = new CsvSlice(At, At + dialect.Separator.ContentLength(rest[..end]), At + end + dialect.Separator.Length, 1);
        }
        else if (_isFinal || rest.Length >= SurelyTooLong)
        {
            row = new CsvSlice(At, data.Length, _isFinal ? data.Length : -1, 1);
        }
        else
        {
            return false;
        }

        problem = row.Length > dialect.MaxLineBytes ? CsvProblem.LineTooLong
            : step == CsvStep.TextAfterQuote ? CsvProblem.TextAfterQuote
            : CsvProblem.UnclosedQuote;
        return true;
    }
}
