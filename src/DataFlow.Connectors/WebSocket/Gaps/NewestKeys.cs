using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>The newest of many keys, as hashes, in the pieces in which they came. Immutable.</summary>
internal sealed class NewestKeys
{
    private readonly ImmutableQueue<long[]> _pieces;

    private NewestKeys(ImmutableQueue<long[]> pieces, int count) => (_pieces, Count) = (pieces, count);

    /// <summary>No key.</summary>
    public static NewestKeys None { get; } = new([], 0);

    /// <summary>How many they are.</summary>
    public int Count { get; }

    /// <summary>All of them, the oldest first.</summary>
    public IEnumerable<long> All => _pieces.SelectMany(keys => keys);

    /// <summary>The same with newer keys, and without the oldest where there are more than so many.</summary>
    /// <param name="keys">Kept.</param>
    /// <param name="most">Pieces stay whole, so that there may be more by what is left of the oldest.</param>
    public NewestKeys Add(long[] keys, int most) => Add(keys, most, out _);

    /// <inheritdoc cref="Add(long[], int)"/>
    /// <param name="keys">Kept.</param>
    /// <param name="most">Pieces stay whole, so that there may be more by what is left of the oldest.</param>
    /// <param name="dropped">What was among them, or would have been, and is not.</param>
    public NewestKeys Add(long[] keys, int most, out IReadOnlyList<long> dropped)
    {
        var gone = new List<long>();
        dropped = gone;
        if (keys.Length == 0)
        {
            return this;
        }

        if (keys.Length >= most)
        {
            gone.AddRange(All);
            gone.AddRange(keys.AsSpan(..^most));
            return new NewestKeys([keys[^most..]], most);
        }

        var (pieces, count) = (_pieces.Enqueue(keys), Count + keys.Length);
        while (count - pieces.Peek().Length >= most)
        {
            pieces = pieces.Dequeue(out var oldest);
            gone.AddRange(oldest);
            count -= oldest.Length;
        }

        return new NewestKeys(pieces, count);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static NewestKeys Read(JsonElement element) => None.Add(HashesOf(element), int.MaxValue);

    /// <summary>Bytes that so many take when they are written.</summary>
    public static int SizeOf(int keys) => keys * sizeof(long) / 3 * 4;

    /// <summary>Writes them as one text.</summary>
    public void Write(Utf8JsonWriter writer) => WriteHashes(writer, [.. All]);

    public static void WriteHashes(Utf8JsonWriter writer, ReadOnlySpan<long> hashes) => writer.WriteBase64StringValue(MemoryMarshal.AsBytes(hashes));

    public static long[] HashesOf(JsonElement element) => MemoryMarshal.Cast<byte, long>(element.GetBytesFromBase64()).ToArray();
}
