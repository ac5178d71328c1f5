using System.Buffers.Binary;
using System.IO.Hashing;

namespace DataFlow.Connectors;

/// <summary>
/// The checksum of a record's data, the same whether it is taken before or after a sink: XXH3 over <c>name=value\n</c> of
/// every field that is not empty, in order, as 16 hexadecimal digits. Empty and null fields are left out, because a CSV file
/// can't tell them apart. Not thread-safe.
/// </summary>
internal sealed class AuditChecksum
{
    public const int Length = 16;

    private readonly XxHash3 _hash = new();

    /// <summary>Adds a field.</summary>
    /// <param name="name">Its name as UTF-8.</param>
    /// <param name="value">Its value as plain UTF-8 text.</param>
    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty)
        {
            _hash.Append(name);
            _hash.Append("="u8);
            _hash.Append(value);
            _hash.Append("\n"u8);
        }
    }

    /// <summary>Writes the checksum of what was added, and starts again.</summary>
    public void Finish(Span<byte> output)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, _hash.GetCurrentHashAsUInt64());
        _hash.Reset();
        Convert.TryToHexStringLower(bytes, output, out _);
    }
}
