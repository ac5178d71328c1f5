using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;

namespace DataFlow.Connectors;

/// <summary>One of several texts.</summary>
internal sealed class ChoiceGenerator(JsonLiteral[] choices) : FieldGenerator(FieldType.Text, choices.Max(choice => choice.Inside.Length))
{
    public override int Write(in TestRecord record, ref SeededRandom random, Span<byte> output, out FieldKind kind)
    {
        var choice = choices[random.Below((ulong)choices.Length)];
        kind = choice.Kind;
        choice.Inside.CopyTo(output);
        return choice.Inside.Length;
    }
}

/// <summary>A fixed text followed by the record's own number.</summary>
internal sealed class PrefixedSequenceGenerator(JsonLiteral prefix) : FieldGenerator(FieldType.Text, prefix.Inside.Length + 20)
{
    public override int Write(in TestRecord record, ref SeededRandom random, Span<byte> output, out FieldKind kind)
    {
        kind = prefix.Kind;
        prefix.Inside.CopyTo(output);
        Utf8Formatter.TryFormat(record.Sequence, output[prefix.Inside.Length..], out var written);
        return prefix.Inside.Length + written;
    }
}

/// <summary>Random letters and digits.</summary>
internal sealed class TextGenerator(int least, int most) : FieldGenerator(FieldType.Text, most)
{
    private const int LettersPerNumber = 12;
    private const int BitsPerLetter = 5;

    private static ReadOnlySpan<byte> Letters => "abcdefghijklmnopqrstuvwxyz234567"u8;

    public override int Write(in TestRecord record, ref SeededRandom random, Span<byte> output, out FieldKind kind)
    {
        kind = FieldKind.JsonString;
        var length = least + (int)random.Below((ulong)(MostBytes - least) + 1);
        var bits = 0UL;
        for (var at = 0; at < length; at++)
        {
            bits = at % LettersPerNumber == 0 ? random.Next() : bits >> BitsPerLetter;
            output[at] = Letters[(int)(bits & 31)];
        }

        return length;
    }
}

/// <summary>Random UUIDs.</summary>
internal sealed class UuidGenerator() : FieldGenerator(FieldType.Uuid, 36)
{
    public override int Write(in TestRecord record, ref SeededRandom random, Span<byte> output, out FieldKind kind)
    {
        kind = FieldKind.JsonString;
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, random.Next());
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], random.Next());

        // Version and variant of RFC 9562 for random UUIDs.
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        Utf8Formatter.TryFormat(new Guid(bytes, bigEndian: true), output, out var written);
        return written;
    }
}

/// <summary>Moments at equal distances, one per record.</summary>
internal sealed class TimestampGenerator : FieldGenerator
{
    private readonly long _start;
    private readonly long _step;
    private readonly ulong _steps;
    private readonly bool _wholeSeconds;

    public TimestampGenerator(DateTimeOffset start, TimeSpan step)
        : base(FieldType.TimestampTz, 28)
    {
        _start = start.UtcTicks;
        _step = step.Ticks;
        _steps = (ulong)((DateTime.MaxValue.Ticks - _start) / _step) + 1;
        _wholeSeconds = _start % TimeSpan.TicksPerSecond == 0 && _step % TimeSpan.TicksPerSecond == 0;
    }

    public override bool IsTimestamp => true;

    public override int Write(in TestRecord record, ref SeededRandom random, Span<byte> output, out FieldKind kind)
    {
        kind = FieldKind.JsonString;

        // Starts again when the calendar ends.
        var ticks = _start + ((long)((ulong)(record.Sequence - 1) % _steps) * _step);
        var moment = new DateTime(Math.Max(0, ticks - record.Late.Ticks), DateTimeKind.Utc);
        moment.TryFormat(output, out var written, _wholeSeconds ? "s" : "O", CultureInfo.InvariantCulture);
        if (_wholeSeconds)
        {
            output[written++] = (byte)'Z';
        }

        return written;
    }
}

/// <summary>Null for a share of the records, another generator's value for the others.</summary>
internal sealed class NullGenerator(double share, FieldGenerator inner) : FieldGenerator(inner.Type, inner.MostBytes)
{
    public override bool IsTimestamp => inner.IsTimestamp;

    public override int Write(in TestRecord record, ref SeededRandom random, Span<byte> output, out FieldKind kind)
    {
        if (!random.Chance(share))
        {
            return inner.Write(record, ref random, output, out kind);
        }

        kind = FieldKind.Null;
        return 0;
    }
}
