namespace DataFlow.Formats;

/// <content>Handing stretches of ordinary rows to the vectorised scan.</content>
internal sealed unsafe partial class CsvParser
{
    private const int ValidatedAtOnce = 256 << 10;
    private const int ValidatedAfterInvalid = 1 << 10;

    private int _validTo;
    private int _invalidAt;
    private int _validateNext;

    /// <summary>Free rows that the scan wants: it looks once per 64 bytes whether there is room, and may write that many fields.</summary>
    private static int RowsAhead(int columns) => (64 / columns) + 2;

    /// <summary>Takes rows until one needs care, the buffer ends or the batch is full.</summary>
    private void TakeFastRows()
    {
        while (true)
        {
            var before = At;
            var validEnd = ValidEnd();
            var stop = ScanFast(validEnd);
            if (stop == CsvStop.NoRoom)
            {
                _batch.EnsureRows((_batch.RowCount * 2) + RowsAhead(Layout!.Count));
            }
            else if (stop != CsvStop.End || validEnd == _batch.Length || validEnd == _invalidAt)
            {
                return;
            }
            else if (At == before)
            {
                _validateNext *= 2;
            }
        }
    }

    private CsvStop ScanFast(int end)
    {
        var first = _batch.RowCount;
        var columns = Layout!.Count;
        _batch.EnsureRows(first + RowsAhead(columns));
        CsvStop stop;
        fixed (byte* data = _batch.Data)
        fixed (FieldRef* refs = _batch.Refs)
        fixed (int* starts = _batch.RowStarts, lengths = _batch.RowLengths, lines = _batch.RowLines)
        {
            var capacity = Math.Min(_batch.RowCapacity, _batch.Refs.Length / columns) - RowsAhead(columns);
            var scan = new CsvFastScan(data, At, end, refs, starts, lengths, lines)
            {
                Delimiter = dialect.Delimiter[0],
                Quoting = dialect.Quote.Length > 0 ? ulong.MaxValue : 0,
                Columns = columns,
                Row = first,
                MaxRows = _maxRecords - _batch.Errors.Count,
                RowCapacity = capacity,
                Line = Line,
                MaxLength = Math.Min(dialect.MaxLineBytes, CsvDialect.MaxQuotedBytes),
                MaxQuotedLines = _options.MaxQuotedLines,
            };
            stop = scan.Run(path);
            At = scan.At;
            Line = scan.Line;
            _batch.RowCount = scan.Row;
            if (dialect.NullToken is not null || _options.Trim)
            {
                Finish(refs + (first * columns), refs + (scan.Row * columns));
            }

            // A row that is wider than all the room there is would be scanned for ever.
            return stop == CsvStop.NoRoom && scan.Row < capacity ? CsvStop.Unsure : stop;
        }
    }

    /// <summary>Applies trim and null-token to fields.</summary>
    private void Finish(FieldRef* field, FieldRef* end)
    {
        var data = _batch.Data;
        for (; field < end; field++)
        {
            var (start, length) = (field->Start, field->Length);
            if (field->Kind != FieldKind.Text || (start > 0 && dialect.Quote.Length > 0 && data[start - 1] == dialect.Quote[0]))
            {
                continue;
            }

            if (_options.Trim)
            {
                while (length > 0 && data[start] is (byte)' ' or (byte)'\t')
                {
                    start++;
                    length--;
                }

                while (length > 0 && data[start + length - 1] is (byte)' ' or (byte)'\t')
                {
                    length--;
                }
            }

            var isNull = dialect.NullToken is { } token && data.AsSpan(start, length).SequenceEqual(token);
            *field = isNull ? FieldRef.Null : new FieldRef(start, length, FieldKind.Text);
        }
    }

    /// <summary>How far the bytes are known to be valid UTF-8; to the first invalid one when that comes soon.</summary>
    private int ValidEnd()
    {
        var data = Visible;
        if (_invalidAt >= At)
        {
            return _invalidAt;
        }

        if (_invalidAt >= 0)
        {
            _invalidAt = -1;
            _validateNext = ValidatedAfterInvalid;
        }

        _validTo = Math.Max(_validTo, At);
        var end = (int)Math.Min(data.Length, (long)_validTo + _validateNext);
        for (var back = 0; back < 3 && end < data.Length && (data[end] & 0xC0) == 0x80; back++)
        {
            end--;
        }

        var invalid = InvalidBytes.IndexOf(data[_validTo..end]);
        if (invalid >= 0)
        {
            _invalidAt = _validTo + invalid;
            return _invalidAt;
        }

        _validTo = end;
        _validateNext = Math.Max(_validateNext, Math.Min(_validateNext * 2, ValidatedAtOnce));
        return end;
    }
}
