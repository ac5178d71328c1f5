using System.Runtime.CompilerServices;

namespace DataFlow.Formats;

/// <summary>Writes the fields of a row as a CSV line. Valid while the batch's arrays are pinned.</summary>
internal readonly unsafe struct CsvRowWriter : IRowWriter
{
    private readonly RecordBatch _batch;
    private readonly int[] _columns;
    private readonly byte[] _delimiter;
    private readonly byte[] _nullText;
    private readonly byte* _data;
    private readonly byte* _overlay;

    /// <param name="batch">The batch whose rows are written.</param>
    /// <param name="columns">For each column of the file the visible column, or -1.</param>
    /// <param name="delimiter">Between fields.</param>
    /// <param name="nullText">For null and absent fields.</param>
    /// <param name="data">The batch's buffer.</param>
    /// <param name="overlay">The batch's overlay.</param>
    public CsvRowWriter(RecordBatch batch, int[] columns, byte[] delimiter, byte[] nullText, byte* data, byte* overlay)
    {
        _batch = batch;
        _columns = columns;
        _delimiter = delimiter;
        _nullText = nullText;
        _data = data;
        _overlay = overlay is null ? data : overlay;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public byte* Write(int row, byte* output, byte* end)
    {
        var at = output;
        var delimiter = _delimiter;
        for (var index = 0; index < _columns.Length; index++)
        {
            if (end - at < delimiter.Length + _nullText.Length + 16L)
            {
                return null;
            }

            if (index > 0)
            {
                at = Put(at, delimiter);
            }

            var column = _columns[index];
            var field = column < 0 ? FieldRef.Absent : _batch.Field(row, column);
            var length = field.Length;
            if (field.IsVerbatim && length <= JsonText.Block && _nullText.Length == 0 && end - at > length + 16
                && (CsvText.CopyBlock(_data + field.Start, at, delimiter[0]) & (uint)((1UL << length) - 1)) == 0)
            {
                at += length;
                continue;
            }

            at = WriteValue(field, (field.IsOverlay ? _overlay : _data) + field.Start, at, end);
            if (at is null)
            {
                return null;
            }
        }

        if (end - at < 8)
        {
            return null;
        }

        // The line of a single empty field would be blank, and readers skip blank lines.
        if (at == output)
        {
            at = Put(at, "\"\""u8);
        }

        *at = (byte)'\n';
        return at + 1;
    }

    private byte* WriteValue(FieldRef field, byte* source, byte* at, byte* end)
    {
        var length = field.Length;
        switch (field.Kind)
        {
            case FieldKind.Text or FieldKind.JsonString or FieldKind.JsonRaw:
                return _nullText.Length > 0 && new ReadOnlySpan<byte>(source, length).SequenceEqual(_nullText)
                    ? CsvText.WriteQuoted(source, length, at, end)
                    : CsvText.WriteField(source, length, at, end, _delimiter[0]);
            case FieldKind.CsvDoubled:
                return CsvText.WriteQuoted(source, length, at, end, doubled: true);
            case FieldKind.JsonStringEscaped:
                return WriteUnescaped(source, length, at, end);
            case FieldKind.Bytes:
                return JsonText.WriteBase64(source, length, at, end);
            default:
                return Put(at, _nullText);
        }
    }

    /// <summary>The unescaped text takes shape behind the place where the field may end, and is written from there.</summary>
    private byte* WriteUnescaped(byte* source, int length, byte* at, byte* end)
    {
        var behind = (2L * length) + RecordBatch.Slack;
        if (end - at < behind + length + RecordBatch.Slack)
        {
            return null;
        }

        var text = at + behind;
        var written = FieldText.Unescape(new ReadOnlySpan<byte>(source, length), new Span<byte>(text, length));
        return WriteValue(new FieldRef(0, written, FieldKind.Text), text, at, end);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Put(byte* at, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == 1)
        {
            *at = bytes[0];
            return at + 1;
        }

        bytes.CopyTo(new Span<byte>(at, bytes.Length));
        return at + bytes.Length;
    }
}
