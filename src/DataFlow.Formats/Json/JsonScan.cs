using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DataFlow.Formats;

/// <summary>
/// The three searches that cost the time. Both implementations give the same answers; the scalar one is the reference.
/// All of them rely on a stop byte (a control character) at the end of the text and on <see cref="RecordBatch.Slack"/>
/// readable bytes after it.
/// </summary>
internal unsafe interface IJsonScan
{
    /// <summary>The first quote, backslash or control character at or after <paramref name="p"/>.</summary>
    static abstract byte* StringStop(byte* p);

    /// <summary>True when the text continues with the first 32 bytes of the key, or all of a shorter one.</summary>
    static abstract bool StartsWith(byte* p, in JsonKey key);

    /// <summary>The end of a short number without exponent, or null when it is not sure to be one.</summary>
    static abstract byte* ShortNumber(byte* p);
}

/// <summary>32 bytes at a time.</summary>
internal readonly unsafe struct VectorScan : IJsonScan
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* StringStop(byte* p)
    {
        while (true)
        {
            var bytes = Vector256.Load(p);
            var stops = Vector256.Equals(bytes, Vector256.Create((byte)'"'))
                | Vector256.Equals(bytes, Vector256.Create((byte)'\\'))
                | Vector256.Equals(Vector256.Min(bytes, Vector256.Create((byte)0x1F)), bytes);
            var mask = stops.ExtractMostSignificantBits();
            if (mask != 0)
            {
                return p + BitOperations.TrailingZeroCount(mask);
            }

            p += Vector256<byte>.Count;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool StartsWith(byte* p, in JsonKey key) =>
        (~Vector256.Equals(Vector256.Load(p), key.Head).ExtractMostSignificantBits() & key.HeadMask) == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* ShortNumber(byte* p)
    {
        var digits = Vector128.LessThanOrEqual(Vector128.Load(p) - Vector128.Create((byte)'0'), Vector128.Create((byte)9))
            .ExtractMostSignificantBits();
        if ((digits & 1) == 0)
        {
            if (*p != (byte)'-')
            {
                return null;
            }

            p++;
            digits >>= 1;
        }

        var length = BitOperations.TrailingZeroCount(~digits);
        if (length is 0 or > 13 || (*p == (byte)'0' && length > 1))
        {
            return null;
        }

        if (p[length] == (byte)'.')
        {
            var fraction = BitOperations.TrailingZeroCount(~(digits >> (length + 1)));
            length += fraction + 1;
            if (fraction == 0 || length > 14)
            {
                return null;
            }
        }

        return (p[length] | 0x20) == (byte)'e' ? null : p + length;
    }
}

/// <summary>A byte at a time, where there are no vectors.</summary>
internal readonly unsafe struct ScalarScan : IJsonScan
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static byte* StringStop(byte* p)
    {
        while (*p >= 0x20 && *p is not ((byte)'"' or (byte)'\\'))
        {
            p++;
        }

        return p;
    }

    public static bool StartsWith(byte* p, in JsonKey key)
    {
        var head = Math.Min(key.Text.Length, JsonKey.HeadLength);
        return new ReadOnlySpan<byte>(p, head).SequenceEqual(key.Text.AsSpan(0, head));
    }

    public static byte* ShortNumber(byte* p) => null;
}
