using System.Runtime.InteropServices;

namespace DataFlow.Formats;

/// <summary>What a row of a schema looks like in JSON: its keys, ready to be copied in blocks. Immutable; made once per schema.</summary>
internal sealed class NdjsonLayout
{
    private readonly byte[] _keys;

    public NdjsonLayout(RecordSchema schema)
    {
        Schema = schema;
        Columns = new Column[schema.Count];
        var size = 0;
        for (var index = 0; index < Columns.Length; index++)
        {
            // A comma before the key, a quote after it for values that are strings.
            var length = schema.JsonKey(index).Length + 2;
            Columns[index] = new Column(size, length, schema.TypeOf(index));
            size += length;
        }

        KeyBytes = size;
        _keys = GC.AllocateUninitializedArray<byte>(size + JsonText.Block, pinned: true);
        for (var index = 0; index < Columns.Length; index++)
        {
            var key = _keys.AsSpan(Columns[index].KeyStart, Columns[index].KeyLength);
            key[0] = (byte)',';
            schema.JsonKey(index).CopyTo(key[1..]);
            key[^1] = (byte)'"';
        }
    }

    public RecordSchema Schema { get; }

    public Column[] Columns { get; }

    /// <summary>Bytes that all keys take.</summary>
    public int KeyBytes { get; }

    /// <summary>Keys of all columns; pinned for as long as the layout lives, a block may be read past the last one.</summary>
    public unsafe byte* Keys => (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_keys, 0);

    /// <summary>One column.</summary>
    /// <param name="KeyStart">Where <c>,"name":"</c> starts among the keys.</param>
    /// <param name="KeyLength">Its length with comma and quote.</param>
    /// <param name="Type">The column's type.</param>
    internal readonly record struct Column(int KeyStart, int KeyLength, FieldType Type);
}
