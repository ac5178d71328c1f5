namespace DataFlow.Formats;

/// <summary>
/// Reads text: one record per line, blank lines included, with the fields <c>line</c> (the whole line without its separator)
/// and <c>line_number</c> (a whole number, 1 for the first line of the file, skipped lines counted).
/// </summary>
public sealed class TextRecordReader : IRecordReader
{
    private readonly LineSeparator _separator;
    private readonly TextLines _lines;
    private readonly int _skipRows;
    private readonly int _surelyTooLong;
    private long _line;
    private bool _insideDroppedLine;

    /// <summary>Creates a reader at the start of a stream.</summary>
    /// <exception cref="OptionException">The record separator is empty.</exception>
    public TextRecordReader(FormatOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _separator = LineSeparator.Parse(options.RecordSeparator);
        _lines = new TextLines(options, _separator);
        _skipRows = options.SkipRows;

        // As much as an error keeps is waited for, so that a dead letter doesn't depend on the size of the buffer.
        _surelyTooLong = (int)Math.Max(options.MaxLineBytes.Bytes, RecordError.MaxRawBytes) + _separator.MaxLength;
    }

    /// <inheritdoc/>
    public ReaderState State => new(_line, Header: null, IsRestartPoint: !_insideDroppedLine);

    /// <inheritdoc/>
    public int Read(RecordBatch batch, bool isFinal, int maxRecords)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var start = Drop(batch.Data.AsSpan(0, batch.Length), isFinal);
        batch.FirstLine = _line + 1;
        if (_insideDroppedLine || start == batch.Length)
        {
            return Consume(batch, start);
        }

        var end = start + EndOfLines(batch.Data.AsSpan(start, batch.Length - start), isFinal, maxRecords, out var lines);
        var consumed = _lines.Parse(batch, start, end, lines, out var parsed);
        var tail = batch.Length - consumed;
        if (consumed == end && parsed < maxRecords && tail > _surelyTooLong && _lines.AddWithCare(batch, parsed, consumed, tail))
        {
            _insideDroppedLine = true;
            consumed = batch.Length - (_separator.Length - 1);
        }

        _line += parsed;
        return Consume(batch, consumed);
    }

    /// <inheritdoc/>
    public int Frame(RecordBatch batch, bool isFinal, int maxRecords)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (_insideDroppedLine || _line < _skipRows)
        {
            return -1;
        }

        var data = batch.Data.AsSpan(0, batch.Length);
        var end = EndOfLines(data, isFinal, maxRecords, out var lines);
        var overlongFollows = lines < maxRecords && data.Length - end > _surelyTooLong;
        if (overlongFollows || _lines.MayFail(data[..end]))
        {
            return -1;
        }

        batch.FirstLine = _line + 1;
        _line += lines;
        if (lines > 0)
        {
            batch.Defer(new FramedLines(_lines, lines));
        }

        return Consume(batch, end);
    }

    /// <inheritdoc/>
    public void Restore(ReaderState state)
    {
        _line = state.Line;
        _insideDroppedLine = false;
    }

    private static int Consume(RecordBatch batch, int length)
    {
        batch.Length = length;
        return length;
    }

    private int EndOfLines(ReadOnlySpan<byte> data, bool isFinal, int maxRecords, out int lines)
    {
        var end = _separator.EndOfLines(data, maxRecords, out lines);
        if (!isFinal || end == data.Length || lines == maxRecords)
        {
            return end;
        }

        lines++;
        return data.Length;
    }

    /// <summary>Passes over the rest of an overlong line and over the lines to skip.</summary>
    private int Drop(ReadOnlySpan<byte> data, bool isFinal)
    {
        var start = 0;
        while (_insideDroppedLine || (_line < _skipRows && start < data.Length))
        {
            var at = _separator.IndexOf(data[start..]);
            if (at < 0 && !isFinal)
            {
                _insideDroppedLine = true;
                return Math.Max(start, data.Length - (_separator.Length - 1));
            }

            start = at < 0 ? data.Length : start + at + _separator.Length;
            _insideDroppedLine = false;
            _line++;
        }

        return start;
    }

    private sealed class FramedLines(TextLines lines, int count) : IDeferredRows
    {
        public void Parse(RecordBatch batch) => lines.Parse(batch, 0, batch.Length, count, out _);
    }
}
