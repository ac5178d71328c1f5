using System.Runtime.CompilerServices;
using System.Text.Unicode;

namespace DataFlow.Formats;

/// <summary>
/// Makes rows and errors of the lines of a buffer. A line that is an object with nothing around it is parsed without looking
/// for its end first; whatever is not sure goes to <see cref="TakeLine"/>. Not thread-safe; serves one batch after the other.
/// </summary>
internal sealed partial class NdjsonLines
{
    /// <summary>UTF-8 is checked ahead in pieces of this size, which stay in the cache for the parser.</summary>
    private const int Window = 32 * 1024;

    private readonly FormatOptions _options;
    private readonly LineSeparator _separator;
    private readonly JsonRowParser _parser;
    private readonly int _maxLineBytes;
    private RecordBatch _batch = null!;
    private int _line;
    private int _skipLines;
    private int _windowEnd;
    private bool _isWindowValid;
    private int _rowBytes = 256;

    public NdjsonLines(FormatOptions options, LineSeparator separator, bool vectorised)
    {
        _options = options;
        _separator = separator;
        _parser = new JsonRowParser(options.MaxFields, vectorised);
        _maxLineBytes = (int)options.MaxLineBytes.Bytes;
    }

    /// <summary>Columns of the last batch.</summary>
    public int ColumnCount => _parser.ColumnCount;

    /// <summary>Lines taken of the current batch.</summary>
    public int Taken => _line;

    /// <summary>Rows and errors of the current batch.</summary>
    public int Records => _batch.RowCount + _batch.Errors.Count;

    /// <summary>Starts a batch.</summary>
    /// <param name="batch">An empty batch whose buffer is filled and whose first line is set.</param>
    /// <param name="line">Lines of it that were taken already: the rest of one that was skipped.</param>
    /// <param name="maxRecords">Most rows and errors to come.</param>
    /// <param name="maxCells">Rows times columns at which the batch ends.</param>
    public void Begin(RecordBatch batch, int line, int maxRecords, long maxCells)
    {
        _batch = batch;
        _line = line;
        _skipLines = (int)Math.Max(0, _options.SkipRows - (batch.FirstLine - 1));
        _windowEnd = 0;
        _isWindowValid = false;
        _parser.Begin(batch, (int)Math.Min(maxRecords, (batch.Length / _rowBytes) + 16L), maxCells);
    }

    /// <summary>Takes lines until the end, or until the batch is full.</summary>
    /// <param name="at">Where the first line starts.</param>
    /// <param name="end">Where the last line ends, its separator included. Only at the end of the stream may it lack one.</param>
    /// <param name="maxRecords">Most rows and errors.</param>
    /// <returns>Where the first line starts that was not taken.</returns>
    public int Take(int at, int end, int maxRecords)
    {
        var data = _batch.Data;
        var lastEnd = _separator.IsLineFeed ? at + _separator.LastEnd(data.AsSpan(at, end - at)) : at;
        while (at < end && Records < maxRecords)
        {
            at = TakeObjects(at, lastEnd, maxRecords);
            if (at == end || Records == maxRecords)
            {
                break;
            }

            var rest = data.AsSpan(at, end - at);
            var separator = _separator.IndexOf(rest);
            if (!TakeLine(at, separator < 0 ? rest.Length : _separator.ContentLength(rest[..separator])))
            {
                break;
            }

            at = separator < 0 ? end : at + separator + _separator.Length;
            _line++;
        }

        return at;
    }

    /// <summary>Completes the batch.</summary>
    public void Finish()
    {
        if (_batch.RowCount > 0)
        {
            _rowBytes = Math.Max(16, _batch.Length / _batch.RowCount);
        }

        _parser.Finish();
        _batch = null!;
    }

    /// <summary>Takes lines as long as they are plain objects that end with a line feed.</summary>
    /// <returns>Where the first other line starts.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int TakeObjects(int at, int end, int maxRecords)
    {
        var data = _batch.Data;
        for (var room = maxRecords - Records; room > 0 && at < end && _line >= _skipLines; room--)
        {
            if (at >= _windowEnd)
            {
                CheckWindow(at, end);
            }

            var after = _isWindowValid ? _parser.ParseObject(at, end - 1, _line) : -1;
            if (after < 0)
            {
                break;
            }

            after += data[after] == (byte)'\r' ? 1 : 0;
            if (data[after] != (byte)'\n' || after - at > _maxLineBytes)
            {
                _parser.RemoveRow();
                break;
            }

            at = after + 1;
            _line++;
        }

        return at;
    }

    private void CheckWindow(int at, int end)
    {
        var rest = _batch.Data.AsSpan(at, end - at);
        var length = rest.Length <= Window ? rest.Length : _separator.LastEnd(rest[..Window]);
        _windowEnd = at + (length == 0 ? _separator.IndexOf(rest) + 1 : length);
        _isWindowValid = Utf8.IsValid(_batch.Data.AsSpan(at, _windowEnd - at));
    }

    /// <summary>Takes any line.</summary>
    /// <returns>False when the line belongs to the next batch, because this one is full or ends before a failure.</returns>
    private bool TakeLine(int start, int length)
    {
        if (_line < _skipLines)
        {
            return true;
        }

        if (length > _maxLineBytes)
        {
            return TakeLongLine(start, length);
        }

        var line = _batch.Data.AsSpan(start, length);
        if (line.IndexOfAnyExcept(" \t\r\n"u8) < 0)
        {
            return true;
        }

        if (!(_isWindowValid && start < _windowEnd) && !Utf8.IsValid(line))
        {
            return TakeInvalidBytes(start, length);
        }

        return _parser.TryParseRow(start, length, _line) || Refuse(start, length, new FieldRef(start, length, FieldKind.Text));
    }
}
