using System.Buffers.Text;
using System.Text;

namespace DataFlow.Formats;

/// <summary>
/// Writes a row as <c>{"id":..,"data":{..},"metadata":{..}}</c>: a record as people see it. Valid while the batch's arrays are
/// pinned.
/// </summary>
internal readonly unsafe struct EnvelopeRowWriter : IRowWriter
{
    private readonly RecordBatch _batch;
    private readonly NdjsonRowWriter _rows;
    private readonly byte* _data;
    private readonly byte* _overlay;
    private readonly MetadataField[] _metadata;
    private readonly int[]? _columnsWithoutId;

    public EnvelopeRowWriter(RecordBatch batch, NdjsonRowWriter rows, byte* data, byte* overlay)
    {
        _batch = batch;
        _rows = rows;
        _data = data;
        _overlay = overlay is null ? data : overlay;
        _metadata = [.. Enumerable.Range(0, batch.Metadata.Count).Select(index => MetadataField.Of(batch.Metadata, index))];
        MetadataBytes = _metadata.Sum(field => field.Text.Length + 24);
        _columnsWithoutId = batch.IdIsHidden ? WithoutId(batch, Enumerable.Range(0, batch.Schema.Count)) : null;
    }

    /// <summary>Bytes that the metadata of a row will probably take.</summary>
    public int MetadataBytes { get; }

    public byte* Write(int row, byte* output, byte* end)
    {
        if (end - output < 64)
        {
            return null;
        }

        var at = WriteId(row, Put(output, "{\"id\":"u8), end);
        if (at is null || end - at < 16)
        {
            return null;
        }

        at = _rows.WriteObject(row, DataColumns(row), Put(at, ",\"data\":"u8), end);
        if (at is null || end - at < 32)
        {
            return null;
        }

        at = WriteMetadata(row, Put(at, ",\"metadata\":"u8), end);
        return at is null ? null : Put(at, "}\n"u8);
    }

    private static int[] WithoutId(RecordBatch batch, IEnumerable<int> columns) =>
        [.. columns.Where(column => batch.PhysicalColumn(column) != batch.IdColumn)];

    private int[]? DataColumns(int row)
    {
        var order = _batch.VisibleOrderOf(row);
        if (_columnsWithoutId is null || !_batch.HasOwnId(row))
        {
            return order;
        }

        return order is null ? _columnsWithoutId : WithoutId(_batch, order);
    }

    private byte* WriteId(int row, byte* at, byte* end)
    {
        if (!_batch.HasOwnId(row))
        {
            if (_batch.Identity is null)
            {
                return Put(at, "null"u8);
            }

            *at++ = (byte)'"';
            _batch.DeliveryIdOf(row).TryFormat(new Span<byte>(at, 36), out var written);
            return Put(at + written, "\""u8);
        }

        var field = _batch.Refs[(row * _batch.Stride) + _batch.IdColumn];
        var source = (field.IsOverlay ? _overlay : _data) + field.Start;
        if (end - at < field.Length + 64L)
        {
            return null;
        }

        *at++ = (byte)'"';
        at = field.Kind is FieldKind.Text or FieldKind.CsvDoubled
            ? JsonText.WriteEscaped(source, field.Length, at, end, doubled: field.Kind is FieldKind.CsvDoubled)
            : JsonText.Copy(source, field.Length, at);
        return at is null ? null : Put(at, "\""u8);
    }

    private byte* WriteMetadata(int row, byte* start, byte* end)
    {
        var at = start;
        foreach (var field in _metadata)
        {
            if (end - at < field.Text.Length + 64L)
            {
                return null;
            }

            if (field.IsConstant)
            {
                at = Put(at, field.Text);
            }
            else if (_batch.Metadata.IsNumber(field.Index))
            {
                at = Put(at, field.Text);
                Utf8Formatter.TryFormat(_batch.Metadata.NumberOf(field.Index, row), new Span<byte>(at, 24), out var written);
                at = Put(at + written, "\""u8);
            }
            else if (_batch.Metadata.TextOf(field.Index, row) is { } text)
            {
                at = WriteText(text, Put(at, field.Text), end);
                if (at is null)
                {
                    return null;
                }
            }
        }

        if (at == start)
        {
            return Put(at, "{}"u8);
        }

        *start = (byte)'{';
        return Put(at, "}"u8);
    }

    /// <summary>Writes a text and its closing quote.</summary>
    private static byte* WriteText(string text, byte* at, byte* end)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        var padded = new byte[utf8.Length + JsonText.Block];
        utf8.CopyTo(padded, 0);
        fixed (byte* source = padded)
        {
            at = JsonText.WriteEscaped(source, utf8.Length, at, end);
            return at is null ? null : Put(at, "\""u8);
        }
    }

    private static byte* Put(byte* at, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(new Span<byte>(at, bytes.Length));
        return at + bytes.Length;
    }

    /// <summary>A metadata field: a constant one complete, others up to the opening quote of the value.</summary>
    private readonly record struct MetadataField(int Index, byte[] Text, bool IsConstant)
    {
        public static MetadataField Of(BatchMetadata metadata, int index)
        {
            var schema = new RecordSchema(metadata.NameOf(index));
            var isConstant = !metadata.IsNumber(index) && !metadata.ConstantOf(index).IsEmpty;
            byte[] key = [(byte)',', .. schema.JsonKey(0), (byte)'"'];
            return new MetadataField(index, isConstant ? [.. key, .. Escaped(metadata.ConstantOf(index)), (byte)'"'] : key, isConstant);
        }

        private static byte[] Escaped(ReadOnlySpan<byte> text)
        {
            var source = new byte[text.Length + JsonText.Block];
            var output = new byte[(text.Length * 6) + (2 * JsonText.Block)];
            text.CopyTo(source);
            fixed (byte* from = source, to = output)
            {
                var end = JsonText.WriteEscaped(from, text.Length, to, to + output.Length);
                return output[..(int)(end - to)];
            }
        }
    }
}
