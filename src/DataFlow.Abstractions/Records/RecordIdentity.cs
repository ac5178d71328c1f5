using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace DataFlow;

/// <summary>
/// Gives each record of a batch its DeliveryId: a name-based UUID (RFC 9562, version 5) of source identity, split and the
/// record's own position. A replay gives the same one; two records never share one. Immutable, thread-safe.
/// </summary>
public sealed class RecordIdentity
{
    private readonly byte[] _prefix;
    private readonly Guid? _single;

    /// <summary>Names one split of one source.</summary>
    /// <param name="source">What makes the source the same source after a restart: its kind and place, not its settings.</param>
    /// <param name="split">The split: file identity, topic and partition.</param>
    public RecordIdentity(string source, string split)
    {
        Source = source;
        Split = split;
        _prefix = SHA256.HashData(Encoding.UTF8.GetBytes($"{source}\n{split}"));
    }

    private RecordIdentity(Guid single, string split)
        : this("", split) => _single = single;

    /// <summary>The source's identity.</summary>
    public string Source { get; }

    /// <summary>The split within the source.</summary>
    public string Split { get; }

    /// <summary>The identity of one record whose DeliveryId is known: a dead letter that is read again.</summary>
    public static RecordIdentity OfSingle(Guid deliveryId, string split) => new(deliveryId, split);

    /// <summary>The DeliveryId of the record at a position.</summary>
    /// <param name="position">The record's own position within the split: byte offset, sequence number.</param>
    public Guid At(long position)
    {
        if (_single is { } single)
        {
            return single;
        }

        Span<byte> name = stackalloc byte[40];
        _prefix.CopyTo(name);
        BinaryPrimitives.WriteInt64BigEndian(name[32..], position);
        return FromName(name);
    }

    /// <summary>The DeliveryId of the record with a key, for splits without numeric positions.</summary>
    public Guid At(ReadOnlySpan<byte> key)
    {
        if (_single is { } single)
        {
            return single;
        }

        Span<byte> name = stackalloc byte[64];
        _prefix.CopyTo(name);
        SHA256.HashData(key, name[32..]);
        return FromName(name);
    }

    /// <summary>The DeliveryId of the record with a key that is a number of 128 bits, such as a hash.</summary>
    public Guid AtKey(UInt128 key)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, key);
        return At(bytes);
    }

    private static Guid FromName(ReadOnlySpan<byte> name)
    {
        Span<byte> hash = stackalloc byte[20];
#pragma warning disable CA5350 // UUID version 5 is defined with SHA-1; nothing secret is protected by it.
        SHA1.HashData(name, hash);
#pragma warning restore CA5350
        hash[6] = (byte)((hash[6] & 0x0F) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }
}
