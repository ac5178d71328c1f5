using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Unicode;

namespace DataFlow.Formats;

/// <summary>UTF-16. A surrogate without its partner is invalid.</summary>
internal sealed class Utf16Decoder(bool bigEndian) : WideUnitDecoder(sizeof(char))
{
    private const int SwappedAtOnce = 4096;

    private readonly char[] _swapped = new char[bigEndian == BitConverter.IsLittleEndian ? SwappedAtOnce : 0];

    protected override void DecodeWhole(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int written)
    {
        consumed = 0;
        written = 0;
        while (written < output.Length)
        {
            var status = Utf8.FromUtf16(
                Chars(input[consumed..]),
                output[written..],
                out var read,
                out var wrote,
                replaceInvalidSequences: false,
                isFinalBlock: false);
            consumed += read * sizeof(char);
            written += wrote;
            switch (status)
            {
                case OperationStatus.InvalidData when written < output.Length:
                    output[written++] = Transcoder.Invalid;
                    consumed += sizeof(char);
                    break;
                case OperationStatus.Done when input.Length - consumed >= sizeof(char):
                case OperationStatus.NeedMoreData when input.Length - consumed >= 2 * sizeof(char):
                    break;
                default:
                    return;
            }
        }
    }

    private ReadOnlySpan<char> Chars(ReadOnlySpan<byte> bytes)
    {
        var chars = MemoryMarshal.Cast<byte, char>(bytes);
        if (_swapped.Length == 0)
        {
            return chars;
        }

        chars = chars[..Math.Min(chars.Length, SwappedAtOnce)];
        BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<char, ushort>(chars), MemoryMarshal.Cast<char, ushort>(_swapped.AsSpan()));
        return _swapped.AsSpan(0, chars.Length);
    }
}
