using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace DataFlow.Formats;

/// <summary>Encodings that only their .NET decoder knows: Shift-JIS, GB18030, Big5, ISO-2022-JP.</summary>
internal sealed class MultiByteDecoder : UnitDecoder
{
    private const int MostUtf8PerChar = 3;
    private const int MostCharsPerByte = 2;
    private const int MostHeldBack = 8;

    // The decoder marks what is invalid with a noncharacter: no character of these encodings stands for it.
    private const char Mark = '\uFDD0';

    private readonly Decoder _decoder;
    private readonly char[] _chars = new char[4096];
    private int _kept;

    public MultiByteDecoder(Encoding encoding)
    {
        var marking = (Encoding)encoding.Clone();
        marking.DecoderFallback = new DecoderReplacementFallback(Mark.ToString());
        _decoder = marking.GetDecoder();
    }

    public override void Decode(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int written)
    {
        consumed = 0;
        written = 0;
        while (consumed < input.Length)
        {
            // Never so much input that its characters don't fit: the ISO-2022 decoders lose their place when the room runs out.
            var room = Math.Min((output.Length - written) / MostUtf8PerChar, _chars.Length) - _kept;
            var bytes = Math.Min((room - MostHeldBack) / MostCharsPerByte, input.Length - consumed);
            if (bytes <= 0)
            {
                return;
            }

            _decoder.Convert(
                input.Slice(consumed, bytes), _chars.AsSpan(_kept, room), flush: false, out var used, out var chars, out _);
            consumed += used;
            written += Encode(_kept + chars, output[written..], isFinal: false);
        }
    }

    /// <inheritdoc/>
    /// <remarks>Apart from the last bytes, because GB18030 takes an incomplete sequence apart differently when both come at once.</remarks>
    public override int Flush(Span<byte> output)
    {
        _decoder.Convert([], _chars.AsSpan(_kept), flush: true, out _, out var chars, out _);
        return Encode(_kept + chars, output, isFinal: true);
    }

    private int Encode(int count, Span<byte> output, bool isFinal)
    {
        var chars = _chars.AsSpan(0, count);
        var written = 0;
        while (true)
        {
            var mark = chars.IndexOf(Mark);
            var part = mark < 0 ? chars : chars[..mark];
            var status = Utf8.FromUtf16(
                part, output[written..], out var read, out var wrote, replaceInvalidSequences: false, isFinalBlock: isFinal || mark >= 0);
            written += wrote;
            if (status == OperationStatus.InvalidData)
            {
                output[written++] = Transcoder.Invalid;
                chars = chars[(read + 1)..];
            }
            else if (mark >= 0)
            {
                output[written++] = Transcoder.Invalid;
                chars = chars[(mark + 1)..];
            }
            else
            {
                // A high surrogate whose partner comes next.
                chars[read..].CopyTo(_chars);
                _kept = chars.Length - read;
                return written;
            }
        }
    }
}
