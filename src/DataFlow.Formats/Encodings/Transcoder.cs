namespace DataFlow.Formats;

/// <summary>
/// Turns bytes of any encoding that .NET knows into UTF-8, before lines are split. Keeps what is unfinished from one call to
/// the next: the output doesn't depend on how the input is cut. One stream per transcoder; not thread-safe.
/// </summary>
/// <remarks>
/// What is invalid in the encoding becomes the byte 0xFF, which UTF-8 never has, once per invalid unit (byte, lone surrogate,
/// cut sequence). The records' readers then apply <see cref="FormatOptions.OnInvalidBytes"/> to it as to any invalid byte.
/// A GB18030 file that holds the noncharacter U+FDD0 gets an invalid byte there too.
/// </remarks>
public sealed class Transcoder
{
    /// <summary>The least room for output, in bytes, with which <see cref="Decode"/> is sure to get on.</summary>
    public const int MinOutput = 64;

    /// <summary>What invalid input becomes.</summary>
    public const byte Invalid = 0xFF;

    private const int FlushRoom = 16;

    private readonly UnitDecoder _decoder;

    private Transcoder(UnitDecoder decoder) => _decoder = decoder;

    /// <summary>A transcoder for an encoding, or null for UTF-8, which needs none.</summary>
    /// <param name="encodingName">
    /// The name, in any case, or the code page number. UTF-16 and UTF-32 without LE or BE are little-endian, as in .NET.
    /// </param>
    /// <exception cref="OptionException">There is no such encoding; the message has similar names.</exception>
    public static Transcoder? Create(string encodingName)
    {
        var encoding = EncodingNames.Find(encodingName);
        return encoding.CodePage switch
        {
            65001 => null,
            1200 => new Transcoder(new Utf16Decoder(bigEndian: false)),
            1201 => new Transcoder(new Utf16Decoder(bigEndian: true)),
            12000 => new Transcoder(new Utf32Decoder(bigEndian: false)),
            12001 => new Transcoder(new Utf32Decoder(bigEndian: true)),
            _ when encoding.IsSingleByte => new Transcoder(new SingleByteDecoder(encoding)),
            _ => new Transcoder(new MultiByteDecoder(encoding)),
        };
    }

    /// <summary>Decodes as much as there is room for. Call again with the rest.</summary>
    /// <param name="input">The next bytes of the stream.</param>
    /// <param name="utf8">Room for at least <see cref="MinOutput"/> bytes.</param>
    /// <param name="flush">No more input follows: once all of it is consumed, what is unfinished is written as invalid.</param>
    /// <param name="consumed">Bytes of the input that need not come again.</param>
    /// <param name="written">Bytes of output. May be 0 for an input that is only a part of a character.</param>
    public void Decode(ReadOnlySpan<byte> input, Span<byte> utf8, bool flush, out int consumed, out int written)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(utf8.Length, MinOutput, nameof(utf8));
        _decoder.Decode(input, utf8[..^FlushRoom], out consumed, out written);
        if (flush && consumed == input.Length)
        {
            written += _decoder.Flush(utf8[written..]);
        }
    }
}
