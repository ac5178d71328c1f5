using System.Buffers.Binary;
using System.Text;

namespace DataFlow.Formats;

/// <summary>UTF-32. What is no Unicode scalar value is invalid.</summary>
internal sealed class Utf32Decoder(bool bigEndian) : WideUnitDecoder(sizeof(int))
{
    protected override void DecodeWhole(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int written)
    {
        written = 0;
        for (consumed = 0; input.Length - consumed >= sizeof(int) && output.Length - written >= 4; consumed += sizeof(int))
        {
            var unit = input[consumed..];
            var value = bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(unit) : BinaryPrimitives.ReadUInt32LittleEndian(unit);
            if (Rune.TryCreate(value, out var rune))
            {
                written += rune.EncodeToUtf8(output[written..]);
            }
            else
            {
                output[written++] = Transcoder.Invalid;
            }
        }
    }
}
