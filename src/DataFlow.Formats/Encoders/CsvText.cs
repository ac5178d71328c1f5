using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DataFlow.Formats;

/// <summary>Writes values as CSV fields: copied and looked at in the same step, as in <see cref="JsonText"/>.</summary>
internal static unsafe class CsvText
{
    private const int Block = JsonText.Block;

    /// <summary>
    /// Copies a block and returns a bit for each byte that puts a field in quotes: quote, CR, LF, the delimiter's first byte.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint CopyBlock(byte* source, byte* output, byte delimiter)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            var bytes = Vector256.Load(source);
            bytes.Store(output);
            var special = Vector256.Equals(bytes, Vector256.Create(delimiter))
                | Vector256.Equals(bytes, Vector256.Create((byte)'"'))
                | Vector256.Equals(bytes, Vector256.Create((byte)'\n'))
                | Vector256.Equals(bytes, Vector256.Create((byte)'\r'));
            return special.ExtractMostSignificantBits();
        }

        return CopyBlockScalar(source, output, delimiter);
    }

    /// <summary>As <see cref="CopyBlock"/>, without vectors.</summary>
    public static uint CopyBlockScalar(byte* source, byte* output, byte delimiter)
    {
        uint special = 0;
        for (var index = 0; index < Block; index++)
        {
            var value = source[index];
            output[index] = value;
            special |= (value == delimiter || value is (byte)'"' or (byte)'\n' or (byte)'\r' ? 1u : 0) << index;
        }

        return special;
    }

    /// <summary>Writes a field, in quotes if it needs them.</summary>
    /// <param name="source">UTF-8 text.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="output">Where to write.</param>
    /// <param name="end">Where the room ends; eight bytes of it are left over for the caller.</param>
    /// <param name="delimiter">The delimiter's first byte.</param>
    /// <returns>The end of what was written, or null when there is not enough room.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static byte* WriteField(byte* source, int length, byte* output, byte* end, byte delimiter)
    {
        if (end - output < length + 8L)
        {
            return null;
        }

        var copied = 0;
        while (length - copied > 0)
        {
            var special = CopyBlock(source + copied, output + copied, delimiter);
            var rest = length - copied;
            if (rest < Block)
            {
                special &= (1u << rest) - 1;
            }

            if (special != 0)
            {
                return WriteQuoted(source, length, output, end);
            }

            copied += Block;
        }

        return output + length;
    }

    /// <summary>Writes a field in quotes, its own quotes doubled.</summary>
    /// <param name="source">UTF-8 text.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="output">Where to write.</param>
    /// <param name="end">Where the room ends; eight bytes of it are left over for the caller.</param>
    /// <param name="doubled">The source's quotes are doubled already.</param>
    /// <returns>The end of what was written, or null when there is not enough room.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static byte* WriteQuoted(byte* source, int length, byte* output, byte* end, bool doubled = false)
    {
        if (end - output < length + 12L)
        {
            return null;
        }

        *output++ = (byte)'"';
        while (length > 0)
        {
            if (end - output < length + 11L)
            {
                return null;
            }

            var special = CopyBlock(source, output, (byte)'"');
            while (special != 0 && source[BitOperations.TrailingZeroCount(special)] != '"')
            {
                special &= special - 1;
            }

            var plain = special == 0 ? Math.Min(length, Block) : BitOperations.TrailingZeroCount(special);
            if (plain >= length)
            {
                output += length;
                break;
            }

            source += plain;
            output += plain;
            length -= plain;
            if (special != 0)
            {
                *output++ = (byte)'"';
                *output++ = (byte)'"';
                var used = doubled && length > 1 && source[1] == '"' ? 2 : 1;
                source += used;
                length -= used;
            }
        }

        *output++ = (byte)'"';
        return output;
    }
}
