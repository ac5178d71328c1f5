using System.Buffers.Binary;

namespace DataFlow.Connectors;

/// <summary>Decodes PostgreSQL's binary numeric: digits to the base of 10,000, of any length, with their scale.</summary>
internal static class PostgreSqlNumeric
{
    private const ushort Negative = 0x4000;
    private const ushort NaN = 0xC000;
    private const ushort PositiveInfinity = 0xD000;
    private const ushort NegativeInfinity = 0xF000;

    /// <summary>Bytes that the text may take.</summary>
    public static int MostBytes(ReadOnlySpan<byte> value) =>
        16 + (4 * (Math.Max(0, (int)BinaryPrimitives.ReadInt16BigEndian(value[2..])) + 1))
            + BinaryPrimitives.ReadInt16BigEndian(value[6..]);

    /// <summary>Writes the number with its scale, never with an exponent.</summary>
    public static int Write(Span<byte> output, ReadOnlySpan<byte> value)
    {
        var count = BinaryPrimitives.ReadInt16BigEndian(value);
        var weight = BinaryPrimitives.ReadInt16BigEndian(value[2..]);
        var sign = BinaryPrimitives.ReadUInt16BigEndian(value[4..]);
        var scale = BinaryPrimitives.ReadInt16BigEndian(value[6..]);
        switch (sign)
        {
            case NaN:
                return ColumnText.Copy(output, "NaN"u8);
            case PositiveInfinity:
                return ColumnText.Copy(output, "Infinity"u8);
            case NegativeInfinity:
                return ColumnText.Copy(output, "-Infinity"u8);
        }

        var digits = value[8..];
        var at = sign == Negative ? ColumnText.Copy(output, "-"u8) : 0;
        if (weight < 0)
        {
            output[at++] = (byte)'0';
        }
        else
        {
            at += ColumnText.Integer(output[at..], Digit(digits, count, 0));
            for (var index = 1; index <= weight; index++)
            {
                at += Four(output[at..], Digit(digits, count, index));
            }
        }

        if (scale > 0)
        {
            output[at++] = (byte)'.';
            var end = at + scale;
            Span<byte> four = stackalloc byte[4];
            for (var index = weight + 1; at < end; index++)
            {
                Four(four, Digit(digits, count, index));
                var take = Math.Min(4, end - at);
                four[..take].CopyTo(output[at..]);
                at += take;
            }
        }

        return at;
    }

    /// <summary>The number with all its digits; endless for NaN and infinity.</summary>
    public static CursorValue ToCursor(ReadOnlySpan<byte> value)
    {
        if (BinaryPrimitives.ReadUInt16BigEndian(value[4..]) is NaN or PositiveInfinity or NegativeInfinity)
        {
            return CursorValue.Endless;
        }

        var most = MostBytes(value);
        Span<byte> text = most <= 512 ? stackalloc byte[512] : new byte[most];
        return CursorValue.OfNumber(text[..Write(text, value)]);
    }

    private static int Digit(ReadOnlySpan<byte> digits, int count, int index) =>
        index >= 0 && index < count ? BinaryPrimitives.ReadInt16BigEndian(digits[(index * 2)..]) : 0;

    private static int Four(Span<byte> output, int digit)
    {
        output[0] = (byte)('0' + (digit / 1000));
        output[1] = (byte)('0' + (digit / 100 % 10));
        output[2] = (byte)('0' + (digit / 10 % 10));
        output[3] = (byte)('0' + (digit % 10));
        return 4;
    }
}
