using System.Runtime.CompilerServices;

namespace DataFlow.Formats;

/// <summary>Writes the fields of a row as a JSON object on one line. Valid while the batch's arrays are pinned.</summary>
internal readonly unsafe struct NdjsonRowWriter : IRowWriter
{
    /// <summary>Room beyond key and value: a closing quote, the end of the object, an escape.</summary>
    private const int Spare = 16;

    private readonly RecordBatch _batch;
    private readonly NdjsonLayout _layout;
    private readonly NdjsonLayout.Column* _columns;
    private readonly byte* _keys;
    private readonly byte* _data;
    private readonly byte* _overlay;
    private readonly FieldRef* _refs;
    private readonly int* _projection;
    private readonly FieldRef* _constants;
    private readonly int _count;
    private readonly int _stride;

    /// <param name="batch">The batch whose rows are written.</param>
    /// <param name="layout">The keys of its visible columns.</param>
    /// <param name="data">The batch's buffer.</param>
    /// <param name="overlay">The batch's overlay.</param>
    /// <param name="refs">The batch's table of slices.</param>
    /// <param name="projection">The batch's projection, or null when it has none.</param>
    /// <param name="constants">The constants of the projection.</param>
    public NdjsonRowWriter(
        RecordBatch batch, NdjsonLayout layout, byte* data, byte* overlay, FieldRef* refs, int* projection, FieldRef* constants)
    {
        _batch = batch;
        _layout = layout;
        _columns = layout.Columns;
        _keys = layout.Keys;
        _data = data;
        _overlay = overlay is null ? data : overlay;
        _refs = refs;
        _projection = projection;
        _constants = constants;
        _count = layout.Schema.Count;
        _stride = batch.Stride;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public byte* Write(int row, byte* output, byte* end)
    {
        var at = WriteObject(row, _batch.VisibleOrderOf(row), output, end);
        if (at is null)
        {
            return null;
        }

        *at = (byte)'\n';
        return at + 1;
    }

    /// <summary>Writes the object without a line end, for which there is room.</summary>
    /// <param name="row">0-based physical row.</param>
    /// <param name="order">Visible columns to write, in their order, or null for all of them.</param>
    /// <param name="output">Where to write.</param>
    /// <param name="end">Where the room ends.</param>
    /// <returns>The end of what was written, or null when there is not enough room.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public byte* WriteObject(int row, int[]? order, byte* output, byte* end)
    {
        var fields = _refs + ((nint)row * _stride);
        var at = order is null ? WriteColumns(fields, output, end) : WriteOrdered(fields, order, output, end);
        if (at is null || end - at < 8)
        {
            return null;
        }

        // Each field starts with a comma; the first one's becomes the brace.
        *output = (byte)'{';
        at = at == output ? at + 1 : at;
        *at = (byte)'}';
        return at + 1;
    }

    /// <summary>All columns in the order of the schema: what nearly every row is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private byte* WriteColumns(FieldRef* fields, byte* at, byte* end)
    {
        var column = _columns;
        var keys = _keys;
        var data = _data;
        var projection = _projection;
        for (var last = column + _count; column < last; column++)
        {
            var field = projection is null ? *fields++ : Projected(fields, *projection++);
            var length = field.Length;
            if (field.IsPlainText ? column->Type != FieldType.Text : !field.IsJsonToken)
            {
                at = WriteField(column, field, at, end);
                if (at is null)
                {
                    return null;
                }

                continue;
            }

            if (end - at < column->KeyLength + (nint)length + Spare)
            {
                return null;
            }

            var source = data + field.Start;
            at = JsonText.Copy(keys + column->KeyStart, column->KeyLength, at);
            if (field.Kind is FieldKind.JsonRaw)
            {
                at = JsonText.CopyOnOneLine(source, length, at - 1);
                continue;
            }

            if (!field.IsPlainText)
            {
                at = JsonText.Copy(source, length, at);
            }
            else if (length <= JsonText.Block && (JsonText.CopyBlock(source, at) & (uint)((1UL << length) - 1)) == 0)
            {
                at += length;
            }
            else
            {
                at = JsonText.WriteEscaped(source, length, at, end);
                if (at is null)
                {
                    return null;
                }
            }

            *at++ = (byte)'"';
        }

        return at;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private byte* WriteOrdered(FieldRef* fields, int[] order, byte* at, byte* end)
    {
        foreach (var column in order)
        {
            at = WriteField(_columns + column, Projected(fields, _projection is null ? column : _projection[column]), at, end);
            if (at is null)
            {
                return null;
            }
        }

        return at;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private FieldRef Projected(FieldRef* fields, int column) => column >= 0 ? fields[column] : _constants[~column];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private byte* WriteField(NdjsonLayout.Column* column, FieldRef field, byte* at, byte* end)
    {
        var kind = field.Kind;
        if (kind is FieldKind.Absent or FieldKind.Unchanged)
        {
            return at;
        }

        var length = field.Length;
        if (end - at < column->KeyLength + (nint)length + Spare)
        {
            return null;
        }

        at = JsonText.Copy(_keys + column->KeyStart, column->KeyLength, at);
        if (kind is FieldKind.Null)
        {
            "null"u8.CopyTo(new Span<byte>(at - 1, 4));
            return at + 3;
        }

        var source = (field.IsOverlay ? _overlay : _data) + field.Start;
        if (kind is FieldKind.JsonRaw || (kind is FieldKind.Text && JsonToken.Is(column->Type, new ReadOnlySpan<byte>(source, length))))
        {
            return JsonText.CopyOnOneLine(source, length, at - 1);
        }

        at = kind switch
        {
            FieldKind.JsonString or FieldKind.JsonStringEscaped => JsonText.Copy(source, length, at),
            FieldKind.Bytes => JsonText.WriteBase64(source, length, at, end),
            _ => JsonText.WriteEscaped(source, length, at, end, doubled: kind is FieldKind.CsvDoubled),
        };
        if (at is not null)
        {
            *at++ = (byte)'"';
        }

        return at;
    }
}
