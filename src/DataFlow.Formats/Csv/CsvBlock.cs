using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DataFlow.Formats;

/// <summary>Which code reads ordinary rows. All give the same.</summary>
internal enum CsvPath
{
    /// <summary>The widest vectors of this machine.</summary>
    Widest,

    /// <summary>64-byte vectors.</summary>
    Vector512,

    /// <summary>32-byte vectors.</summary>
    Vector256,

    /// <summary>16-byte vectors.</summary>
    Vector128,

    /// <summary>No vectors.</summary>
    Scalar,

    /// <summary>Not even blocks: the row scanner reads every row.</summary>
    Careful,
}

/// <summary>Looks at 64 bytes at once: bit n of a mask says that byte n is one of them.</summary>
internal unsafe interface ICsvBlock
{
    /// <summary>Finds quotes, delimiters and line feeds.</summary>
    static abstract void Classify(byte* at, byte delimiter, out ulong quotes, out ulong delimiters, out ulong newlines);

    /// <summary>Finds one byte.</summary>
    static abstract ulong Find(byte* at, byte value);

    /// <summary>From each odd quote up to before the next one: prefix XOR.</summary>
    static abstract ulong Between(ulong quotes);
}

internal unsafe readonly struct CsvBlock512 : ICsvBlock
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Classify(byte* at, byte delimiter, out ulong quotes, out ulong delimiters, out ulong newlines)
    {
        var bytes = Vector512.Load(at);
        quotes = Vector512.Equals(bytes, Vector512.Create((byte)'"')).ExtractMostSignificantBits();
        delimiters = Vector512.Equals(bytes, Vector512.Create(delimiter)).ExtractMostSignificantBits();
        newlines = Vector512.Equals(bytes, Vector512.Create((byte)'\n')).ExtractMostSignificantBits();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Find(byte* at, byte value) =>
        Vector512.Equals(Vector512.Load(at), Vector512.Create(value)).ExtractMostSignificantBits();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Between(ulong quotes) => CsvBlockScalar.BetweenByMultiplication(quotes);
}

internal unsafe readonly struct CsvBlock256 : ICsvBlock
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Classify(byte* at, byte delimiter, out ulong quotes, out ulong delimiters, out ulong newlines)
    {
        var low = Vector256.Load(at);
        var high = Vector256.Load(at + 32);
        quotes = Mask(low, high, Vector256.Create((byte)'"'));
        delimiters = Mask(low, high, Vector256.Create(delimiter));
        newlines = Mask(low, high, Vector256.Create((byte)'\n'));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Find(byte* at, byte value) => Mask(Vector256.Load(at), Vector256.Load(at + 32), Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Between(ulong quotes) => CsvBlockScalar.BetweenByMultiplication(quotes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mask(Vector256<byte> low, Vector256<byte> high, Vector256<byte> value) =>
        Vector256.Equals(low, value).ExtractMostSignificantBits()
        | ((ulong)Vector256.Equals(high, value).ExtractMostSignificantBits() << 32);
}

internal unsafe readonly struct CsvBlock128 : ICsvBlock
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Classify(byte* at, byte delimiter, out ulong quotes, out ulong delimiters, out ulong newlines)
    {
        quotes = Find(at, (byte)'"');
        delimiters = Find(at, delimiter);
        newlines = Find(at, (byte)'\n');
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Find(byte* at, byte value)
    {
        var wanted = Vector128.Create(value);
        return Vector128.Equals(Vector128.Load(at), wanted).ExtractMostSignificantBits()
            | ((ulong)Vector128.Equals(Vector128.Load(at + 16), wanted).ExtractMostSignificantBits() << 16)
            | ((ulong)Vector128.Equals(Vector128.Load(at + 32), wanted).ExtractMostSignificantBits() << 32)
            | ((ulong)Vector128.Equals(Vector128.Load(at + 48), wanted).ExtractMostSignificantBits() << 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Between(ulong quotes) => CsvBlockScalar.BetweenByMultiplication(quotes);
}

internal unsafe readonly struct CsvBlockScalar : ICsvBlock
{
    private const ulong Ones = 0x0101_0101_0101_0101;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Classify(byte* at, byte delimiter, out ulong quotes, out ulong delimiters, out ulong newlines)
    {
        quotes = Find(at, (byte)'"');
        delimiters = Find(at, delimiter);
        newlines = Find(at, (byte)'\n');
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Find(byte* at, byte value)
    {
        ulong mask = 0;
        for (var word = 0; word < 8; word++)
        {
            mask |= ZeroBytes(Unsafe.ReadUnaligned<ulong>(at + (word * 8)) ^ (Ones * value)) << (word * 8);
        }

        return mask;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Between(ulong quotes)
    {
        quotes ^= quotes << 1;
        quotes ^= quotes << 2;
        quotes ^= quotes << 4;
        quotes ^= quotes << 8;
        quotes ^= quotes << 16;
        return quotes ^ (quotes << 32);
    }

    /// <summary>Carry-less multiplication by all ones is a prefix XOR.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong BetweenByMultiplication(ulong quotes) => Pclmulqdq.IsSupported
        ? Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar(quotes), Vector128<ulong>.AllBitsSet, 0).ToScalar()
        : Between(quotes);

    /// <summary>Bit n says that byte n of a little-endian word is zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ZeroBytes(ulong word)
    {
        if (!BitConverter.IsLittleEndian)
        {
            word = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(word);
        }

        const ulong Low = Ones * 0x7F;
        var high = ~(((word & Low) + Low) | word | Low);
        return ((high >> 7) * 0x0102_0408_1020_4080) >> 56;
    }
}
