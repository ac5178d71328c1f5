namespace DataFlow.Formats;

/// <summary>
/// Units of two or four bytes: carries the first bytes of a character that the end of the input cut over to the next call.
/// </summary>
internal abstract class WideUnitDecoder(int unitLength) : UnitDecoder
{
    private const int Joined = 8;
    private const int MostUtf8 = 4;

    private readonly byte[] _carried = new byte[Joined];
    private int _carriedLength;

    public override void Decode(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int written)
    {
        consumed = 0;
        written = 0;
        if (_carriedLength > 0 && !DecodeCarried(input, output, out consumed, out written))
        {
            return;
        }

        DecodeWhole(input[consumed..], output[written..], out var used, out var more);
        consumed += used;
        written += more;
        var left = input[consumed..];
        if (left.Length < sizeof(int) && output.Length - written >= MostUtf8)
        {
            left.CopyTo(_carried);
            _carriedLength = left.Length;
            consumed = input.Length;
        }
    }

    public override int Flush(Span<byte> output)
    {
        var units = (_carriedLength + unitLength - 1) / unitLength;
        output[..units].Fill(Transcoder.Invalid);
        _carriedLength = 0;
        return units;
    }

    /// <summary>Decodes whole characters and leaves at most three bytes of an incomplete one, unless the output is full.</summary>
    protected abstract void DecodeWhole(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int written);

    /// <summary>Decodes the carried bytes together with the first of the input.</summary>
    /// <returns>False when all of the input was taken and is carried now.</returns>
    private bool DecodeCarried(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int written)
    {
        var taken = Math.Min(Joined - _carriedLength, input.Length);
        input[..taken].CopyTo(_carried.AsSpan(_carriedLength));
        var joined = _carried.AsSpan(0, _carriedLength + taken);
        DecodeWhole(joined, output, out var used, out written);
        if (used >= _carriedLength)
        {
            consumed = used - _carriedLength;
            _carriedLength = 0;
            return true;
        }

        joined[used..].CopyTo(_carried);
        _carriedLength = joined.Length - used;
        consumed = taken;
        return false;
    }
}
