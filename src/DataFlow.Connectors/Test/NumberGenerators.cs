using System.Buffers.Text;
using System.Globalization;

namespace DataFlow.Connectors;

/// <summary>Whole numbers between two bounds, both included.</summary>
internal sealed class IntGenerator(long least, long most) : FieldGenerator(FieldType.Int64, 20)
{
    public override int Write(in TestRecord record, ref SeededRandom random, Span<byte> output, out FieldKind kind)
    {
        kind = FieldKind.JsonRaw;
        Utf8Formatter.TryFormat(least + (long)random.Below((ulong)(most - least) + 1), output, out var written);
        return written;
    }
}

/// <summary>Numbers with a fixed count of decimals between two bounds, both included.</summary>
/// <param name="least">The least, times ten to the power of the scale.</param>
/// <param name="most">The most, times ten to the power of the scale.</param>
/// <param name="scale">Count of decimals.</param>
internal sealed class DecimalGenerator(long least, long most, byte scale) : FieldGenerator(FieldType.Decimal, 32)
{
    public override int Write(in TestRecord record, ref SeededRandom random, Span<byte> output, out FieldKind kind)
    {
        kind = FieldKind.JsonRaw;
        var scaled = least + (long)random.Below((ulong)(most - least) + 1);
        var digits = (ulong)(scaled < 0 ? -scaled : scaled);
        var value = new decimal((int)digits, (int)(digits >> 32), 0, scaled < 0, scale);
        value.TryFormat(output, out var written, default, CultureInfo.InvariantCulture);
        return written;
    }
}

/// <summary>The record's own number.</summary>
internal sealed class SequenceGenerator() : FieldGenerator(FieldType.Int64, 20)
{
    public override int Write(in TestRecord record, ref SeededRandom random, Span<byte> output, out FieldKind kind)
    {
        kind = FieldKind.JsonRaw;
        Utf8Formatter.TryFormat(record.Sequence, output, out var written);
        return written;
    }
}

/// <summary>True or false.</summary>
internal sealed class BoolGenerator() : FieldGenerator(FieldType.Bool, 5)
{
    public override int Write(in TestRecord record, ref SeededRandom random, Span<byte> output, out FieldKind kind)
    {
        kind = FieldKind.JsonRaw;
        var value = random.Chance(0.5) ? "true"u8 : "false"u8;
        value.CopyTo(output);
        return value.Length;
    }
}
