using System.Text;

namespace DataFlow.Formats;

/// <summary>Encodings of one byte per character, by a table.</summary>
internal sealed class SingleByteDecoder : UnitDecoder
{
    private const int MostUtf8 = 4;

    private readonly byte[] _utf8 = new byte[256 * MostUtf8];
    private readonly byte[] _length = new byte[256];
    private readonly bool _startsAsAscii;

    public SingleByteDecoder(Encoding encoding)
    {
        var decoder = new MultiByteDecoder(encoding);
        Span<byte> utf8 = stackalloc byte[Transcoder.MinOutput];
        _startsAsAscii = true;
        for (var value = 0; value < 256; value++)
        {
            decoder.Decode([(byte)value], utf8, out _, out var length);
            length += decoder.Flush(utf8[length..]);
            utf8[..length].CopyTo(_utf8.AsSpan(value * MostUtf8));
            _length[value] = (byte)length;
            _startsAsAscii &= value >= 128 || (length == 1 && utf8[0] == value);
        }
    }

    public override void Decode(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int written)
    {
        consumed = 0;
        written = 0;
        while (consumed < input.Length && output.Length - written >= MostUtf8)
        {
            if (_startsAsAscii && input[consumed] < 128)
            {
                var run = CopyAscii(input[consumed..], output[written..]);
                consumed += run;
                written += run;
            }
            else
            {
                var value = input[consumed++];
                _utf8.AsSpan(value * MostUtf8, MostUtf8).CopyTo(output[written..]);
                written += _length[value];
            }
        }
    }

    public override int Flush(Span<byte> output) => 0;

    private static int CopyAscii(ReadOnlySpan<byte> input, Span<byte> output)
    {
        input = input[..Math.Min(input.Length, output.Length)];
        var end = input.IndexOfAnyExceptInRange((byte)0, (byte)127);
        var run = end < 0 ? input.Length : end;
        input[..run].CopyTo(output);
        return run;
    }
}
