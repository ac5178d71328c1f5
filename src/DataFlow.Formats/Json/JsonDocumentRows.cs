using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace DataFlow.Formats;

/// <summary>
/// Makes rows of JSON values that are known to be valid. The first row seeds the schema of a batch, an unknown key adds a
/// column, and a row whose keys come in another order keeps it. Of a key that stands twice the last value counts.
/// </summary>
internal sealed class JsonDocumentRows(int maxFields)
{
    private readonly List<int> _columns = [];
    private readonly List<FieldRef> _fields = [];
    private readonly List<string> _newNames = [];
    private RecordSchema _seed = RecordSchema.Empty;
    private RecordBatch _batch = null!;
    private bool _hasRepeatedKey;

    /// <summary>What became of a value.</summary>
    public enum Outcome
    {
        Added,
        TooManyFields,

        /// <summary>The table of slices would be too large: the row belongs to the next batch.</summary>
        BatchFull,
    }

    /// <summary>Starts an empty batch.</summary>
    public void Begin(RecordBatch batch)
    {
        _batch = batch;
        batch.Begin(RecordSchema.Empty, 16);
        batch.RowsAreJsonObjects = true;
        batch.IdIsHidden = true;
    }

    /// <summary>Completes the batch.</summary>
    public void Finish() => _batch.IdColumn = _batch.PhysicalSchema.IndexOf("id");

    /// <summary>Adds a row for a value.</summary>
    /// <param name="text">The value's text: what stands in the buffer, or a repaired copy of it.</param>
    /// <param name="origin">Where that text starts in the buffer or in the overlay.</param>
    /// <param name="start">Where the value stands in the buffer.</param>
    /// <param name="length">Its length there.</param>
    /// <param name="line">Its line, relative to the batch's first.</param>
    public Outcome AddValue(ReadOnlySpan<byte> text, FieldRef origin, int start, int length, int line)
    {
        Clear();
        var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = int.MaxValue });
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            Put("value"u8, Value(ref reader, text, origin));
        }
        else
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.ValueIsEscaped ? Unescape(reader.ValueSpan) : reader.ValueSpan;
                reader.Read();
                Put(name, Value(ref reader, text, origin));
                if (_columns.Count > maxFields)
                {
                    return Outcome.TooManyFields;
                }
            }
        }

        return AddRow(start, length, line, isRaw: !origin.IsOverlay && text.IndexOfAny((byte)'\r', (byte)'\n') < 0);
    }

    /// <summary>Adds a row for text that is no JSON: the fields <c>line</c> and <c>line_number</c>.</summary>
    public Outcome AddText(FieldRef text, int start, int length, int line)
    {
        Clear();
        Utf8Formatter.TryFormat(_batch.FirstLine + line, _batch.ReserveOverlay(20), out var digits);
        Put("line"u8, text);
        Put("line_number"u8, _batch.CommitOverlay(digits, FieldKind.JsonRaw));
        return AddRow(start, length, line, isRaw: false);
    }

    private void Clear()
    {
        _columns.Clear();
        _fields.Clear();
        _newNames.Clear();
        _hasRepeatedKey = false;
    }

    private FieldRef Value(ref Utf8JsonReader reader, ReadOnlySpan<byte> text, FieldRef origin)
    {
        var start = (int)reader.TokenStartIndex;
        var type = reader.TokenType;
        var isEscaped = reader.ValueIsEscaped;
        reader.Skip();
        var length = (int)reader.BytesConsumed - start;
        switch (type)
        {
            case JsonTokenType.Null:
                return FieldRef.Null;
            case JsonTokenType.String:
                var kind = isEscaped ? FieldKind.JsonStringEscaped : FieldKind.JsonString;
                return new FieldRef(origin.Start + start + 1, length - 2, kind, origin.IsOverlay);
        }

        var token = text.Slice(start, length);
        return token.IndexOfAny((byte)'\r', (byte)'\n') < 0
            ? new FieldRef(origin.Start + start, length, FieldKind.JsonRaw, origin.IsOverlay)
            : Compact(token);
    }

    /// <summary>A copy without the white space, so that the token can stand on one line.</summary>
    private FieldRef Compact(ReadOnlySpan<byte> token)
    {
        var written = JsonCompact.Copy(token, _batch.ReserveOverlay(token.Length));
        return _batch.CommitOverlay(written, FieldKind.JsonRaw);
    }

    private void Put(ReadOnlySpan<byte> name, FieldRef value)
    {
        var column = _batch.PhysicalSchema.IndexOf(name);
        if (column < 0)
        {
            var text = Encoding.UTF8.GetString(name);
            var index = _newNames.IndexOf(text);
            column = _batch.PhysicalSchema.Count + (index < 0 ? _newNames.Count : index);
            if (index < 0)
            {
                _newNames.Add(text);
            }
        }

        var place = _columns.IndexOf(column);
        if (place < 0)
        {
            _columns.Add(column);
            _fields.Add(value);
        }
        else
        {
            _fields[place] = value;
            _hasRepeatedKey = true;
        }
    }

    private Outcome AddRow(int start, int length, int line, bool isRaw)
    {
        var columns = _batch.PhysicalSchema.Count + _newNames.Count;
        if (_batch.RowCount > 0 && (_batch.RowCount + 1L) * columns > RecordBatch.MaxCells)
        {
            return Outcome.BatchFull;
        }

        if (_newNames.Count > 0)
        {
            _batch.GrowTo(Schema());
        }

        var row = _batch.RowCount;
        var slices = _batch.AddRow(start, length, line);
        var isSorted = true;
        for (var field = 0; field < _fields.Count; field++)
        {
            slices[_columns[field]] = _fields[field];
            isSorted &= field == 0 || _columns[field] > _columns[field - 1];
        }

        if (!isSorted)
        {
            _batch.SetRowOrder(row, [.. _columns]);
        }

        if (!isRaw)
        {
            _batch.SetRowNotRaw(row);
        }

        if (_hasRepeatedKey)
        {
            _batch.CountOutcome("duplicate-key");
        }

        return Outcome.Added;
    }

    /// <summary>The schema with the new names. Batches whose first rows have the same keys share theirs.</summary>
    private RecordSchema Schema()
    {
        if (_batch.PhysicalSchema.Count > 0)
        {
            return new RecordSchema(_batch.PhysicalSchema.Names
                .Select((name, index) => (name, _batch.PhysicalSchema.TypeOf(index)))
                .Concat(_newNames.Select(name => (name, FieldType.Text))));
        }

        return _seed = _seed.Names.SequenceEqual(_newNames) ? _seed : new RecordSchema(_newNames);
    }

    private static ReadOnlySpan<byte> Unescape(ReadOnlySpan<byte> name)
    {
        var output = new byte[name.Length];
        return output.AsSpan(0, FieldText.Unescape(name, output));
    }
}
