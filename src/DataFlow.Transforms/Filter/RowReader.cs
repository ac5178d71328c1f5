using System.Buffers;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text;

namespace DataFlow.Transforms;

/// <summary>
/// Reads what a condition refers to out of the rows of one batch, as UTF-8. Values that have to be decoded go to buffers of
/// their own, one per reference, so that the batch stays as it is. Not thread-safe: one per batch.
/// </summary>
internal sealed class RowReader : IDisposable
{
    private const int Unknown = -1;
    private const int FirstMetadata = -2;

    private readonly RecordBatch _batch;
    private readonly int[] _columns;
    private readonly byte[]?[] _decoded;

    public RowReader(RecordBatch batch, IReadOnlyList<Reference> references)
    {
        _batch = batch;
        _columns = new int[references.Count];
        _decoded = new byte[]?[references.Count];
        for (var slot = 0; slot < _columns.Length; slot++)
        {
            var (name, isMetadata) = references[slot];
            var index = isMetadata ? batch.Metadata.IndexOf(name) : batch.Schema.IndexOf(name);
            _columns[slot] = index < 0 ? Unknown : isMetadata ? FirstMetadata - index : index;
        }
    }

    /// <summary>The text of a reference in a row.</summary>
    /// <param name="slot">The reference's number.</param>
    /// <param name="row">0-based physical row.</param>
    /// <param name="text">Valid until the same reference is read again.</param>
    /// <returns>False when the row has no such value, or a null.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead(int slot, int row, out ReadOnlySpan<byte> text)
    {
        var column = _columns[slot];
        if (column >= 0)
        {
            var field = _batch.Field(row, column);
            if (field.Kind is FieldKind.Text or FieldKind.JsonString or FieldKind.JsonRaw)
            {
                text = _batch.Raw(field);
                return true;
            }

            return TryDecode(slot, field, out text);
        }

        return TryReadMetadata(slot, FirstMetadata - column, row, out text);
    }

    public void Dispose()
    {
        foreach (var buffer in _decoded)
        {
            if (buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private bool TryDecode(int slot, FieldRef field, out ReadOnlySpan<byte> text)
    {
        var raw = _batch.Raw(field);
        int length;
        switch (field.Kind)
        {
            case FieldKind.CsvDoubled:
                length = FieldText.Undouble(raw, Room(slot, raw.Length));
                break;
            case FieldKind.JsonStringEscaped:
                length = FieldText.Unescape(raw, Room(slot, raw.Length));
                break;
            case FieldKind.Bytes:
                Base64.EncodeToUtf8(raw, Room(slot, Base64.GetMaxEncodedToUtf8Length(raw.Length)), out _, out length);
                break;
            default:
                text = default;
                return false;
        }

        text = _decoded[slot].AsSpan(0, length);
        return true;
    }

    private bool TryReadMetadata(int slot, int index, int row, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (index < 0)
        {
            return false;
        }

        var metadata = _batch.Metadata;
        if (metadata.IsNumber(index))
        {
            Utf8Formatter.TryFormat(metadata.NumberOf(index, row), Room(slot, 20), out var length);
            text = _decoded[slot].AsSpan(0, length);
            return true;
        }

        text = metadata.ConstantOf(index);
        if (text.IsEmpty)
        {
            if (metadata.TextOf(index, row) is not { } value)
            {
                return false;
            }

            var length = Encoding.UTF8.GetBytes(value, Room(slot, Encoding.UTF8.GetMaxByteCount(value.Length)));
            text = _decoded[slot].AsSpan(0, length);
        }

        return true;
    }

    private byte[] Room(int slot, int length)
    {
        var buffer = _decoded[slot];
        if (buffer is null || buffer.Length < length)
        {
            if (buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            _decoded[slot] = buffer = ArrayPool<byte>.Shared.Rent(length);
        }

        return buffer;
    }
}
