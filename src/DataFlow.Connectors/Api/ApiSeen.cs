using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>
/// The records that a request for what is new may bring again: hashes by the value that decides about their age. Bounded; what
/// is dropped may come twice, never not at all.
/// </summary>
internal sealed class ApiSeen
{
    /// <summary>Most records that are remembered.</summary>
    public const int Most = 10_000;

    private ImmutableSortedDictionary<decimal, ImmutableHashSet<long>> _byAge = ImmutableSortedDictionary<decimal, ImmutableHashSet<long>>.Empty;

    /// <summary>Records remembered.</summary>
    public int Count { get; private set; }

    /// <summary>Remembers a record.</summary>
    /// <returns>False when it was known.</returns>
    public bool Add(decimal age, long hash)
    {
        var hashes = _byAge.GetValueOrDefault(age, []);
        if (hashes.Contains(hash))
        {
            return false;
        }

        _byAge = _byAge.SetItem(age, hashes.Add(hash));
        Count++;
        return true;
    }

    /// <summary>Forgets what is older, and the oldest of what is too much.</summary>
    public void Forget(decimal olderThan)
    {
        while (_byAge.Count > 0 && _byAge.First() is var oldest && (oldest.Key < olderThan || (Count > Most && _byAge.Count > 1)))
        {
            Count -= oldest.Value.Count;
            _byAge = _byAge.Remove(oldest.Key);
        }
    }

    /// <summary>What is remembered now; costs nothing.</summary>
    public ApiSeen Copy() => new() { _byAge = _byAge, Count = Count };

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("seen");
        foreach (var (age, hashes) in _byAge)
        {
            var bytes = new byte[hashes.Count * sizeof(long)];
            var at = 0;
            foreach (var hash in hashes)
            {
                BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(at), hash);
                at += sizeof(long);
            }

            writer.WriteStartArray();
            writer.WriteNumberValue(age);
            writer.WriteBase64StringValue(bytes);
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
    }

    public static ApiSeen Read(JsonElement array)
    {
        var seen = new ApiSeen();
        foreach (var group in array.EnumerateArray())
        {
            var bytes = group[1].GetBytesFromBase64();
            for (var at = 0; at < bytes.Length; at += sizeof(long))
            {
                seen.Add(group[0].GetDecimal(), BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at)));
            }
        }

        return seen;
    }
}
