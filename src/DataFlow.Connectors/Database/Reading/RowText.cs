using System.Text;

namespace DataFlow.Connectors;

/// <summary>
/// Adds one row to a batch, value by value. Values stand in the buffer with tabs between them and <c>\N</c> for NULL, so that a row
/// that becomes a dead letter can be read by people.
/// </summary>
internal ref struct RowText
{
    private readonly RecordBatch _batch;
    private readonly Span<FieldRef> _fields;
    private readonly int _start;
    private Span<byte> _data;
    private int _at;
    private int _column;

    /// <param name="batch">A batch that has begun.</param>
    /// <param name="fields">One per column, to be filled.</param>
    public RowText(RecordBatch batch, Span<FieldRef> fields)
    {
        _batch = batch;
        _fields = fields;
        _start = _at = batch.Length;
        _data = batch.Data.AsSpan(0, batch.Capacity);
    }

    /// <summary>Room for the next value. Follow with <see cref="Commit"/>.</summary>
    /// <param name="most">Bytes that it may take.</param>
    public Span<byte> Reserve(int most)
    {
        // Three bytes more: the tab, and what NULL takes.
        if (_data.Length - _at < most + 3)
        {
            _batch.Length = _at;
            _batch.EnsureCapacity(_at + most + 3);
            _data = _batch.Data.AsSpan(0, _batch.Capacity);
        }

        return _data[_at..];
    }

    /// <summary>Takes the value that was written into the room.</summary>
    public void Commit(int length)
    {
        _fields[_column++] = new FieldRef(_at, length, FieldKind.Text);
        _data[_at + length] = (byte)'\t';
        _at += length + 1;
    }

    public void Null()
    {
        "\\N\t"u8.CopyTo(Reserve(2));
        _at += 3;
        _fields[_column++] = FieldRef.Null;
    }

    public void Text(ReadOnlySpan<byte> utf8)
    {
        utf8.CopyTo(Reserve(utf8.Length));
        Commit(utf8.Length);
    }

    public void Text(string text) => Commit(Encoding.UTF8.GetBytes(text, Reserve(Encoding.UTF8.GetMaxByteCount(text.Length))));

    public void Hex(ReadOnlySpan<byte> bytes) => Commit(ColumnText.Hex(Reserve(2 + (bytes.Length * 2)), bytes));

    /// <summary>The row is complete.</summary>
    public readonly void End()
    {
        _batch.Length = _at - 1;
        _fields.CopyTo(_batch.AddRow(_start, _batch.Length - _start));
    }
}
