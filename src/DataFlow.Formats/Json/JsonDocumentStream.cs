namespace DataFlow.Formats;

/// <summary>A stream of JSON values: the elements of one array, or documents one after the other.</summary>
/// <remarks>
/// Inside an array at least one byte stays unread until the end: a restart with nothing left to read finds the array complete.
/// </remarks>
internal sealed partial class JsonDocumentStream
{
    private const int MaxDepth = 64;

    private readonly FormatOptions _options;
    private readonly bool _isArray;
    private readonly JsonDocumentRows _rows;
    private readonly int _maxLength;
    private readonly int _enough;
    private Place _place;
    private JsonDocumentSkip _skip;
    private RecordBatch _batch = null!;
    private bool _isFinal;
    private int _at;
    private int _countedTo;
    private int _counted;
    private long _line;
    private long _records;
    private bool _isMidLine;
    private bool _isRestartPoint = true;

    public JsonDocumentStream(FormatOptions options, bool isArray)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _isArray = isArray;
        _rows = new JsonDocumentRows(options.MaxFields);
        _maxLength = (int)options.MaxLineBytes.Bytes;

        // As much as an error keeps is waited for, so that a dead letter doesn't depend on the size of the buffer.
        _enough = Math.Max(_maxLength, RecordError.MaxRawBytes) + 1;
    }

    private enum Place
    {
        /// <summary>Before the array, or between documents.</summary>
        Start,

        /// <summary>After an element.</summary>
        Inside,

        /// <summary>In a value that is too long.</summary>
        Skipping,

        /// <summary>After the array.</summary>
        Ended,

        /// <summary>In what is not JSON any more.</summary>
        Broken,
    }

    public ReaderState State => new(_line, Header: null, _isRestartPoint) { Records = _records };

    private ReadOnlySpan<byte> Data => _batch.Data.AsSpan(0, _batch.Length);

    private int Length => _batch.Length;

    public void Restore(ReaderState state)
    {
        _line = state.Line;
        _records = state.Records;
        _place = _isArray && state.Records > 0 ? Place.Inside : Place.Start;
        _isMidLine = false;
        _isRestartPoint = true;
    }

    public int Read(RecordBatch batch, bool isFinal, int maxRecords)
    {
        ArgumentNullException.ThrowIfNull(batch);
        _batch = batch;
        _isFinal = isFinal;
        _at = 0;
        (_countedTo, _counted) = (0, 0);
        batch.FirstLine = _line + 1;
        _rows.Begin(batch);
        while (batch.RowCount + batch.Errors.Count < maxRecords && Step())
        {
        }

        _rows.Finish();
        EndRead();
        return _at;
    }

    /// <summary>Takes one value, or the next thing between values.</summary>
    /// <returns>False when no more can be read from this buffer.</returns>
    private bool Step()
    {
        switch (_place)
        {
            case Place.Start when _line + LinesBefore(_at) < _options.SkipRows:
                return SkipLine();
            case Place.Start:
                return Start();
            case Place.Inside:
                return Inside();
            case Place.Skipping:
                return Skip(_isFinal ? Length : Length - 1);
            case Place.Ended:
                _at = SkipSpace(_at);
                return _at < Length && TakeRest(_at, "the array has ended and something follows it");
            default:
                _at = Length;
                return false;
        }
    }

    private bool Start()
    {
        _at = SkipSpace(_at);
        if (_at == Length)
        {
            return false;
        }

        if (!_isArray)
        {
            return Value(_at);
        }

        if (Data[_at] != (byte)'[')
        {
            return TakeRest(_at, "the array's opening '[' is missing");
        }

        var next = SkipSpace(_at + 1);
        if (next < Length && Data[next] == (byte)']')
        {
            return End(next);
        }

        return Value(next);
    }

    private bool Inside()
    {
        var next = SkipSpace(_at);
        if (next == Length)
        {
            if (!_isFinal)
            {
                _at = Math.Max(_at, Length - 1);
                return false;
            }

            return Length > 0 && TakeRest(next, "the stream ends, but its array was not closed by ']'");
        }

        return Data[next] switch
        {
            (byte)']' => End(next),
            (byte)',' => Value(SkipSpace(next + 1)),
            _ => TakeRest(next, "',' or ']' is missing after an element"),
        };
    }

    private bool End(int bracket)
    {
        _at = bracket + 1;
        _place = Place.Ended;
        return true;
    }

    /// <summary>Takes the value that starts at a byte; before it stands nothing but white space and punctuation.</summary>
    private bool Value(int start)
    {
        var rest = Data[start..];
        var seen = rest[..Math.Min(rest.Length, _maxLength + 1)];
        var isAll = _isFinal && seen.Length == rest.Length;
        var extent = seen.IsEmpty ? default : JsonDocumentExtent.Of(seen, isAll);
        if (extent.Fault is { } fault)
        {
            var sentence = fault.Message;
            var end = sentence.IndexOf(" LineNumber:", StringComparison.Ordinal);
            return TakeRest(start, end < 0 ? sentence : sentence[..end], (int)(fault.LineNumber ?? 0));
        }

        if (extent.Length > _maxLength || (extent.IsCut && rest.Length > _maxLength))
        {
            return TakeTooLong(start);
        }

        var needsFollower = _isArray && start + extent.Length == Length;
        if (extent.IsCut || needsFollower)
        {
            return _isFinal && TakeRest(start, _isArray
                ? "the stream ends, but its array was not closed by ']'"
                : "the stream ends inside the value");
        }

        if (!TakeValue(start, extent))
        {
            return false;
        }

        Took(start + extent.Length);
        return true;
    }

    private void Took(int end)
    {
        _at = end;
        _records++;
        _place = _isArray ? Place.Inside : Place.Start;
    }

    /// <summary>Passes over the rest of a value that is too long.</summary>
    /// <param name="limit">Where to stop: the last byte is held back as long as more may follow, or more may have to be said.</param>
    private bool Skip(int limit)
    {
        var end = limit > _at ? _skip.EndIn(Data[_at..limit]) : -1;
        if (end >= 0)
        {
            Took(_at + end);
            return true;
        }

        _at = Math.Max(_at, limit);
        return false;
    }

    private bool SkipLine()
    {
        var end = Data[_at..].IndexOf((byte)'\n');
        _at = end < 0 ? Length : _at + end + 1;
        return end >= 0;
    }

    private int SkipSpace(int from)
    {
        var length = Data[from..].IndexOfAnyExcept(" \t\r\n"u8);
        return length < 0 ? Length : from + length;
    }

    private int LinesBefore(int position)
    {
        if (position < _countedTo)
        {
            (_countedTo, _counted) = (0, 0);
        }

        _counted += Data[_countedTo..position].Count((byte)'\n');
        _countedTo = position;
        return _counted;
    }

    private void EndRead()
    {
        var isEnd = _isFinal && _at == Length;
        _isMidLine = _at == 0 ? _isMidLine : Data[_at - 1] != (byte)'\n';
        _line += LinesBefore(_at);
        var skipsMore = _place == Place.Start && _isMidLine && _line < _options.SkipRows;
        _isRestartPoint = isEnd || (_place is Place.Start or Place.Inside && !skipsMore);
        if (isEnd && _isMidLine)
        {
            _line++;
            _isMidLine = false;
        }

        _batch.Length = _at;
        _batch = null!;
    }
}
