using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;

namespace DataFlow.Formats;

/// <summary>A key as rows write it, ready to be compared in one step: <c>"name":</c>.</summary>
internal struct JsonKey
{
    public const int HeadLength = 32;

    /// <summary>The first bytes, padded.</summary>
    public Vector256<byte> Head;

    /// <summary>A bit for each byte of the head that counts.</summary>
    public uint HeadMask;

    /// <summary>The key of the column that followed when this one was seen last; 0 for none.</summary>
    public int Next;

    public int Length;

    public byte[] Text;
}

/// <summary>
/// The columns of the batch that is being parsed, with what is needed to recognise the next row's keys. Kept from batch to
/// batch. Not thread-safe.
/// </summary>
internal sealed class JsonColumns
{
    private readonly List<byte[]> _names = [];
    private readonly Dictionary<byte[], int> _byName = new(NameComparer.Instance);
    private readonly Dictionary<byte[], int>.AlternateLookup<ReadOnlySpan<byte>> _lookup;
    private RecordSchema _schema = RecordSchema.Empty;
    private JsonKey[] _keys = new JsonKey[16];

    public JsonColumns() => _lookup = _byName.GetAlternateLookup<ReadOnlySpan<byte>>();

    public int Count => _names.Count;

    /// <summary>
    /// Column c has key c + 1. Key 0 stands for the start of a row: only its <see cref="JsonKey.Next"/> means something.
    /// </summary>
    public ref JsonKey Keys => ref MemoryMarshal.GetArrayDataReference(_keys);

    /// <summary>The schema of the columns so far; the same object as long as they are the same.</summary>
    public RecordSchema Schema => _schema.Count == Count
        ? _schema
        : _schema = new RecordSchema(_names.Select(name => Encoding.UTF8.GetString(name)));

    /// <summary>The 0-based column with a name, or -1.</summary>
    public int Find(ReadOnlySpan<byte> name) => _lookup.TryGetValue(name, out var column) ? column : -1;

    /// <summary>Adds a column at the end.</summary>
    /// <param name="name">Its name as UTF-8, escapes resolved.</param>
    /// <param name="written">The key as the row writes it, with quotes.</param>
    /// <returns>The 0-based column.</returns>
    public int Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> written)
    {
        var column = Count;
        var copy = name.ToArray();
        _names.Add(copy);
        _byName.Add(copy, column);
        if (column + 1 == _keys.Length)
        {
            Array.Resize(ref _keys, _keys.Length * 2);
        }

        _keys[column + 1] = KeyOf([.. written, (byte)':']);
        return column;
    }

    /// <summary>Forgets the columns from a number on: those of a row that turned out not to be one.</summary>
    public void RemoveFrom(int count)
    {
        if (count == Count)
        {
            return;
        }

        for (var column = count; column < Count; column++)
        {
            _byName.Remove(_names[column]);
        }

        _names.RemoveRange(count, Count - count);
        for (var key = 0; key <= count; key++)
        {
            _keys[key].Next = _keys[key].Next > count ? 0 : _keys[key].Next;
        }

        if (count == 0)
        {
            _schema = RecordSchema.Empty;
        }
    }

    private static JsonKey KeyOf(byte[] text)
    {
        Span<byte> head = stackalloc byte[JsonKey.HeadLength];
        text.AsSpan(0, Math.Min(text.Length, head.Length)).CopyTo(head);
        return new JsonKey
        {
            Head = Vector256.Create<byte>(head),
            HeadMask = text.Length >= JsonKey.HeadLength ? uint.MaxValue : (1u << text.Length) - 1,
            Length = text.Length,
            Text = text,
        };
    }

    private sealed class NameComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly NameComparer Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] name) => GetHashCode(name.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = default(HashCode);
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
