using System.Runtime.InteropServices;

namespace DataFlow.Formats;

/// <summary>What a row of a schema looks like in JSON: its keys, ready to be copied in blocks. Immutable; made once per schema.</summary>
internal sealed class NdjsonLayout
{
    private readonly byte[] _keys;
    private readonly Column[] _columns;

    public NdjsonLayout(RecordSchema schema)
    {
        Schema = schema;
        _columns = GC.AllocateUninitializedArray<Column>(schema.Count + 1, pinned: true);
        var size = 0;
        for (var index = 0; index < schema.Count; index++)
        {
            // A comma before the key, a quote after it for values that are strings.
            var length = schema.JsonKey(index).Length + 2;
            _columns[index] = new Column(size, length, schema.TypeOf(index));
            size += length;
        }

        KeyBytes = size;
        _keys = GC.AllocateUninitializedArray<byte>(size + JsonText.Block, pinned: true);
        for (var index = 0; index < schema.Count; index++)
        {
            var key = _keys.AsSpan(_columns[index].KeyStart, _columns[index].KeyLength);
            key[0] = (byte)',';
            schema.JsonKey(index).CopyTo(key[1..]);
            key[^1] = (byte)'"';
        }
    }

    public RecordSchema Schema { get; }

    /// <summary>Bytes that all keys take.</summary>
    public int KeyBytes { get; }

    /// <summary>The columns; pinned for as long as the layout lives.</summary>
    public unsafe Column* Columns => (Column*)Marshal.UnsafeAddrOfPinnedArrayElement(_columns, 0);

    /// <summary>Keys of all columns; pinned for as long as the layout lives, a block may be read past the last one.</summary>
    public unsafe byte* Keys => (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_keys, 0);

    /// <summary>One column.</summary>
    /// <param name="KeyStart">Where <c>,"name":"</c> starts among the keys.</param>
    /// <param name="KeyLength">Its length with comma and quote.</param>
    /// <param name="Type">The column's type.</param>
    internal readonly record struct Column(int KeyStart, int KeyLength, FieldType Type);
}
