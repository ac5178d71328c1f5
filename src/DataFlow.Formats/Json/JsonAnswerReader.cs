using System.Text.Unicode;

namespace DataFlow.Formats;

/// <summary>
/// Reads the records of a JSON document that holds them somewhere inside: the elements of the arrays that a path leads to.
/// Everything around them is read once, as it streams by, and the values at watched paths are kept.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>The document may be larger than memory; an element may not.</item>
/// <item>A document that is no valid JSON, or ends too early, ends the reading with a <see cref="JsonAnswerException"/>.</item>
/// <item>An element with too many fields, too many bytes or nested too deep is an error of its own; the rest goes on.</item>
/// <item>An element that is no object is a record with the one field <c>value</c>.</item>
/// </list>
/// </remarks>
public sealed class JsonAnswerReader : IRecordReader
{
    private readonly JsonAnswerWalk _walk;
    private readonly JsonRowParser _parser;
    private readonly int _maxFields;
    private readonly int _maxLength;
    private JsonDocumentSkip _skip;
    private Place _place;
    private RecordBatch _batch = null!;
    private int _at;
    private long _records;

    /// <summary>Creates a reader at the start of a document.</summary>
    /// <param name="records">Leads to the arrays whose elements are the records.</param>
    /// <param name="watched">Lead to the values to keep.</param>
    /// <param name="options">Limits.</param>
    public JsonAnswerReader(JsonPath records, IReadOnlyList<JsonPath> watched, FormatOptions options)
    {
        ArgumentNullException.ThrowIfNull(records);
        ArgumentNullException.ThrowIfNull(watched);
        ArgumentNullException.ThrowIfNull(options);
        _walk = new JsonAnswerWalk([records.ToContainer(), .. watched]);
        _maxFields = options.MaxFields;
        _maxLength = (int)options.MaxLineBytes.Bytes;
        _parser = new JsonRowParser(options.MaxFields);
    }

    private enum Place
    {
        /// <summary>Outside of the records.</summary>
        Around,

        /// <summary>After the opening bracket.</summary>
        First,

        /// <summary>After a comma.</summary>
        Next,

        /// <summary>After a record.</summary>
        After,

        /// <summary>In a record that is too long.</summary>
        Skipping,
    }

    /// <summary>What the path to the records led to: <c>an array</c>, <c>an object</c>, <c>a string</c>, or null for nothing.</summary>
    public string? Found => _walk.Found;

    /// <summary>The first names at the top of the document; empty when it is no object.</summary>
    public IReadOnlyList<string> TopNames => _walk.TopNames;

    /// <inheritdoc/>
    public ReaderState State => new(_records, IsRestartPoint: false) { Records = _records };

    private ReadOnlySpan<byte> Data => _batch.Data.AsSpan(0, _batch.Length);

    /// <summary>The text of a watched value; null when there was none, or when it is null, an object or an array.</summary>
    /// <param name="watched">0-based, in the order that was given.</param>
    public string? ValueOf(int watched) => _walk.ValueOf(watched + 1);

    /// <summary>What a watched path led to: <c>a string</c>, <c>an object</c>, <c>null</c>; null for nothing.</summary>
    /// <param name="watched">0-based, in the order that was given.</param>
    public string? KindOf(int watched) => _walk.KindOf(watched + 1);

    /// <summary>Starts over with another document of the same kind; what is known about its keys stays.</summary>
    public void Begin()
    {
        _walk.Begin();
        _place = Place.Around;
        _records = 0;
    }

    /// <inheritdoc/>
    /// <remarks>Positions of rows are not set: the rows' places in the buffer mean nothing here.</remarks>
    public int Read(RecordBatch batch, bool isFinal, int maxRecords)
    {
        ArgumentNullException.ThrowIfNull(batch);
        _batch = batch;
        _at = 0;
        batch.FirstLine = _records + 1;
        _parser.Begin(batch, Math.Min(maxRecords, (batch.Length / 64) + 16));
        try
        {
            while (batch.RowCount + batch.Errors.Count < maxRecords && Step(isFinal))
            {
            }
        }
        finally
        {
            batch.Length = _at;
            _parser.Finish();
        }

        if (isFinal && batch.RowCount + batch.Errors.Count < maxRecords && !(_place == Place.Around && _walk.IsComplete))
        {
            throw new JsonAnswerException("the JSON ends too early", isCut: true);
        }

        return _at;
    }

    /// <inheritdoc/>
    /// <remarks>Always -1: where an element ends is known only after it was read.</remarks>
    public int Frame(RecordBatch batch, bool isFinal, int maxRecords) => -1;

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Always: a document can't be entered in its middle.</exception>
    public void Restore(ReaderState state) => throw new NotSupportedException("An answer is read from its start.");

    /// <returns>False when no more can be read from this buffer, or the batch is full.</returns>
    private bool Step(bool isFinal)
    {
        if (_place == Place.Around)
        {
            var entered = _walk.Read(Data[_at..], out var used);
            _at += used;
            _place = entered ? Place.First : Place.Around;
            return entered;
        }

        if (_place == Place.Skipping)
        {
            return SkipOn();
        }

        var space = Data[_at..].IndexOfAnyExcept(" \t\r\n"u8);
        if (space < 0)
        {
            _at = Data.Length;
            return false;
        }

        _at += space;
        switch (Data[_at])
        {
            case (byte)']' when _place != Place.Next:
                _place = Place.Around;
                return true;
            case (byte)',' when _place == Place.After:
                _place = Place.Next;
                _at++;
                return true;
            case var other when _place == Place.After:
                throw Invalid($"found '{(char)other}', expected ',' or ']' after a record");
            default:
                return TakeElement(isFinal);
        }
    }

    private bool TakeElement(bool isFinal)
    {
        var length = Data.Length;
        var line = _batch.RowCount + _batch.Errors.Count;
        var end = _parser.ParseValue(_at, length, line);
        if (end >= 0)
        {
            if (end == length && _batch.Data[_at] is not ((byte)'{' or (byte)'[' or (byte)'"') && !isFinal)
            {
                // A number may go on in the next buffer.
                _parser.RemoveRow();
                return false;
            }

            return end - _at > _maxLength ? Refuse(end, line) : TakeRow(end, line);
        }

        if (_parser.Fault is JsonFault.BatchFull)
        {
            return false;
        }

        var rest = Data[_at..];
        var extent = JsonDocumentExtent.Of(rest, isFinal: false);
        if (extent.IsComplete)
        {
            return Refuse(_at + extent.Length, line);
        }

        if (extent.IsCut && rest.Length > _maxLength)
        {
            return TakeTooLong(line);
        }

        return extent.IsCut ? false : throw Invalid(JsonFaults.Describe(_parser.Fault, Data[_parser.FaultAt..]));
    }

    private bool TakeRow(int end, int line)
    {
        var start = _at;
        var text = _batch.Data.AsSpan(start, end - start);
        if (text.IndexOfAny((byte)'\r', (byte)'\n') >= 0)
        {
            // A record is written on one line, so it stands here without the white space between its tokens.
            _parser.RemoveRow();
            var compact = JsonCompact.InPlace(text);
            _parser.ParseValue(start, start + compact, line);
            text = text[..compact];
        }

        if (!Utf8.IsValid(text))
        {
            _parser.RemoveRow();
            _parser.TryParseOverlay(InvalidBytes.ReplaceInOverlay(_batch, text), start, text.Length, line);
            _batch.CountOutcome(InvalidBytes.Replaced);
        }

        Took(end);
        return true;
    }

    /// <summary>Takes a record that is whole and valid, but can't be a row.</summary>
    private bool Refuse(int end, int line)
    {
        var (reason, message) = (end - _at) > _maxLength ? TooLong()
            : _parser.Fault is JsonFault.TooManyFields
                ? ("too-many-fields", $"the object has more than {_maxFields} fields. Raise max-fields if that is right.")
                : ("too-deep", $"objects and arrays are nested more than {JsonGrammar.MaxDepth} deep.");
        if (_batch.RowCount + _batch.Errors.Count > line)
        {
            _parser.RemoveRow();
        }

        BadRecord.Add(_batch, _at, end - _at, _records + 1, reason, $"Record {_records + 1} of the answer: {message}");
        Took(end);
        return true;
    }

    private bool TakeTooLong(int line)
    {
        var (reason, message) = TooLong();
        BadRecord.Add(_batch, _at, Data.Length - _at, _records + 1, reason, $"Record {_records + 1} of the answer: {message}");
        _skip = new JsonDocumentSkip(Data[_at]);
        _place = Place.Skipping;
        _records++;
        return SkipOn();
    }

    private (string Reason, string Message) TooLong() =>
        ("record-too-long", $"it is longer than max-record-bytes allows ({new ByteSize(_maxLength)}). Raise max-record-bytes to keep such records.");

    private bool SkipOn()
    {
        var end = _skip.EndIn(Data[_at..]);
        _at = end < 0 ? Data.Length : _at + end;
        _place = end < 0 ? Place.Skipping : Place.After;
        return end >= 0;
    }

    private void Took(int end)
    {
        _at = end;
        _records++;
        _place = Place.After;
    }

    private JsonAnswerException Invalid(string what) => new($"in record {_records + 1}: {what}", isCut: false);
}

/// <summary>A document is no valid JSON, or was cut off.</summary>
/// <param name="message">What is wrong, as the end of a sentence.</param>
/// <param name="isCut">True when the document was valid as far as it went.</param>
public sealed class JsonAnswerException(string message, bool isCut) : Exception(message)
{
    /// <summary>True when the document was valid as far as it went.</summary>
    public bool IsCut { get; } = isCut;
}
