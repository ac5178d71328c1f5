namespace DataFlow.Formats;

/// <summary>Decodes the units of one encoding to UTF-8. The output has room for some characters in each call.</summary>
internal abstract class UnitDecoder
{
    /// <summary>Decodes what fits, and keeps a unit that isn't complete yet.</summary>
    public abstract void Decode(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int written);

    /// <summary>Writes what is left of an incomplete unit as invalid.</summary>
    public abstract int Flush(Span<byte> output);
}
