using System.Buffers.Text;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DataFlow.Formats;

/// <summary>
/// Writes values as JSON: copied and looked at in the same step, 32 bytes at a time. Up to 32 bytes past the end of a value
/// are read, and up to 32 past the end of the output are overwritten.
/// </summary>
internal static unsafe class JsonText
{
    /// <summary>Bytes that are copied at once.</summary>
    public const int Block = 32;

    private const int LongestEscape = 6;

    /// <summary>Up to here a loop over blocks costs less than the call that copies any length.</summary>
    private const int LongestInBlocks = 4 * Block;

    /// <summary>Copies a block and returns a bit for each byte that a JSON string must escape.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint CopyBlock(byte* source, byte* output)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            var bytes = Vector256.Load(source);
            bytes.Store(output);
            var special = Vector256.Equals(Vector256.Min(bytes, Vector256.Create((byte)0x1F)), bytes)
                | Vector256.Equals(bytes, Vector256.Create((byte)'"'))
                | Vector256.Equals(bytes, Vector256.Create((byte)'\\'));
            return special.ExtractMostSignificantBits();
        }

        return Vector128.IsHardwareAccelerated
            ? CopyHalf(source, output) | (CopyHalf(source + 16, output + 16) << 16)
            : CopyBlockScalar(source, output);
    }

    /// <summary>As <see cref="CopyBlock"/>, for half a block.</summary>
    public static uint CopyHalf(byte* source, byte* output)
    {
        var bytes = Vector128.Load(source);
        bytes.Store(output);
        var special = Vector128.Equals(Vector128.Min(bytes, Vector128.Create((byte)0x1F)), bytes)
            | Vector128.Equals(bytes, Vector128.Create((byte)'"'))
            | Vector128.Equals(bytes, Vector128.Create((byte)'\\'));
        return special.ExtractMostSignificantBits();
    }

    /// <summary>As <see cref="CopyBlock"/>, without vectors.</summary>
    public static uint CopyBlockScalar(byte* source, byte* output)
    {
        uint special = 0;
        for (var index = 0; index < Block; index++)
        {
            var value = source[index];
            output[index] = value;
            special |= (value < 0x20 || value is (byte)'"' or (byte)'\\' ? 1u : 0) << index;
        }

        return special;
    }

    /// <summary>Writes the inside of a JSON string.</summary>
    /// <param name="source">UTF-8 text.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="output">Where to write.</param>
    /// <param name="end">Where the room ends; eight bytes of it are left over for the caller.</param>
    /// <param name="doubled">Two quotes stand for one, as inside a quoted CSV field.</param>
    /// <returns>The end of what was written, or null when there is not enough room.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static byte* WriteEscaped(byte* source, int length, byte* output, byte* end, bool doubled = false)
    {
        while (length > 0)
        {
            if (end - output < length + LongestEscape + 8L)
            {
                return null;
            }

            var special = CopyBlock(source, output);
            if (length < Block)
            {
                special &= (1u << length) - 1;
            }

            if (special == 0)
            {
                var copied = Math.Min(length, Block);
                source += copied;
                output += copied;
                length -= copied;
                continue;
            }

            var plain = BitOperations.TrailingZeroCount(special);
            var value = source[plain];
            source += plain + 1;
            output = WriteEscape(value, output + plain);
            length -= plain + 1;
            if (doubled && value == '"' && length > 0 && *source == '"')
            {
                source++;
                length--;
            }
        }

        return end - output < 8 ? null : output;
    }

    /// <summary>Copies bytes as they are. There must be room for them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Copy(byte* source, int length, byte* output)
    {
        // Half a block crosses a cache line half as often, which is what these stores cost.
        if (length <= Block / 2)
        {
            Unsafe.CopyBlockUnaligned(output, source, Block / 2);
        }
        else if (length <= LongestInBlocks)
        {
            for (var copied = 0; copied < length; copied += Block)
            {
                Unsafe.CopyBlockUnaligned(output + copied, source + copied, Block);
            }
        }
        else
        {
            Buffer.MemoryCopy(source, output, length, length);
        }

        return output + length;
    }

    /// <summary>
    /// Copies a JSON value without its line breaks, which stand only between tokens and would end the line. There must be room
    /// for all of it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* CopyOnOneLine(byte* source, int length, byte* output)
    {
        if (!Vector128.IsHardwareAccelerated || length > LongestInBlocks)
        {
            return CopyWithoutBreaks(source, length, output);
        }

        if (length <= Vector128<byte>.Count)
        {
            var bytes = Vector128.Load(source);
            bytes.Store(output);
            var controls = Vector128.Equals(Vector128.Min(bytes, Vector128.Create((byte)0x1F)), bytes).ExtractMostSignificantBits();
            return (controls & ((1u << length) - 1)) == 0 ? output + length : CopyWithoutBreaks(source, length, output);
        }

        for (var copied = 0; ; copied += Block)
        {
            var bytes = Vector256.Load(source + copied);
            bytes.Store(output + copied);
            var controls = Vector256.Equals(Vector256.Min(bytes, Vector256.Create((byte)0x1F)), bytes).ExtractMostSignificantBits();
            var rest = length - copied;
            if (rest <= Block)
            {
                return (controls & (uint)((1UL << rest) - 1)) == 0 ? output + length : CopyWithoutBreaks(source, length, output);
            }

            if (controls != 0)
            {
                return CopyWithoutBreaks(source, length, output);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static byte* CopyWithoutBreaks(byte* source, int length, byte* output)
    {
        var value = new ReadOnlySpan<byte>(source, length);
        while (true)
        {
            var at = value.IndexOfAny((byte)'\n', (byte)'\r');
            if (at < 0)
            {
                value.CopyTo(new Span<byte>(output, value.Length));
                return output + value.Length;
            }

            value[..at].CopyTo(new Span<byte>(output, at));
            output += at;
            value = value[(at + 1)..];
        }
    }

    /// <summary>Writes bytes as base64. Null when there is not enough room.</summary>
    public static byte* WriteBase64(byte* source, int length, byte* output, byte* end)
    {
        var size = Base64.GetMaxEncodedToUtf8Length(length);
        if (end - output < size + 8L)
        {
            return null;
        }

        Base64.EncodeToUtf8(new ReadOnlySpan<byte>(source, length), new Span<byte>(output, size), out _, out var written);
        return output + written;
    }

    private static byte* WriteEscape(byte value, byte* output)
    {
        *output++ = (byte)'\\';
        var letter = value switch
        {
            (byte)'"' => (byte)'"',
            (byte)'\\' => (byte)'\\',
            (byte)'\n' => (byte)'n',
            (byte)'\r' => (byte)'r',
            (byte)'\t' => (byte)'t',
            (byte)'\b' => (byte)'b',
            (byte)'\f' => (byte)'f',
            _ => (byte)'u',
        };
        *output++ = letter;
        if (letter == 'u')
        {
            *output++ = (byte)'0';
            *output++ = (byte)'0';
            *output++ = (byte)('0' + (value >> 4));
            *output++ = "0123456789abcdef"u8[value & 0xF];
        }

        return output;
    }
}
