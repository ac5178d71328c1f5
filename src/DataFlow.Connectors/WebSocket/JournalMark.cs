using System.Buffers.Binary;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace DataFlow.Connectors;

/// <summary>
/// How far a journal is delivered, kept beside its files: the stored position tells that only while no other journal has taken over.
/// It may stay behind after a crash, and is never ahead. Not thread-safe.
/// </summary>
internal sealed class JournalMark : IDisposable
{
    private const string Name = "delivered";
    private const int Size = 48;

    private readonly SafeFileHandle _handle;

    private JournalMark(SafeFileHandle handle) => _handle = handle;

    /// <summary>Messages up to this number are delivered; null where it is not known.</summary>
    public long? Number { get; private set; }

    /// <summary>See <see cref="JournalPlace.Elsewhere"/>.</summary>
    public long Elsewhere { get; private set; }

    /// <summary>What damage has cost up to this message is in the gap ledger.</summary>
    public long ToldUpTo { get; private set; }

    /// <summary>False for a journal that a former version has left.</summary>
    public bool WasThere { get; private init; }

    /// <summary>Opens the one of a journal, or begins it.</summary>
    public static JournalMark Open(string folder, Guid journal)
    {
        var path = Path.Combine(folder, Name);
        var wasThere = File.Exists(path);
        var mark = new JournalMark(File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read)) { WasThere = wasThere };
        Span<byte> bytes = stackalloc byte[Size];
        var length = RandomAccess.Read(mark._handle, bytes, 0);
        if (length == Size && ChecksumOf(bytes) == BinaryPrimitives.ReadUInt64LittleEndian(bytes[^8..]) && new Guid(bytes[..16]) == journal)
        {
            mark.Number = BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]);
            mark.Elsewhere = BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]);
            mark.ToldUpTo = BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]);
        }

        return mark;
    }

    /// <summary>Keeps how far the journal is delivered.</summary>
    public void Set(Guid journal, long number, long elsewhere, long toldUpTo)
    {
        Span<byte> bytes = stackalloc byte[Size];
        journal.TryWriteBytes(bytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], number);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[24..], elsewhere);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[32..], toldUpTo);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[^8..], ChecksumOf(bytes));
        RandomAccess.Write(_handle, bytes, 0);
        (Number, Elsewhere, ToldUpTo) = (number, elsewhere, toldUpTo);
    }

    public void Dispose() => _handle.Dispose();

    private static ulong ChecksumOf(ReadOnlySpan<byte> bytes) => XxHash3.HashToUInt64(bytes[..^8]);
}
