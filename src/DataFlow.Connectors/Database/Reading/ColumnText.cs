using System.Buffers.Text;
using System.Globalization;

namespace DataFlow.Connectors;

/// <summary>Writes values as UTF-8 text, as a Java program would see them.</summary>
internal static class ColumnText
{
    /// <summary>Enough for any value without a length of its own.</summary>
    public const int Most = 64;

    private const long TicksPerMicrosecond = TimeSpan.TicksPerMicrosecond;

    public static int Integer(Span<byte> output, long value)
    {
        Utf8Formatter.TryFormat(value, output, out var length);
        return length;
    }

    public static int Unsigned(Span<byte> output, ulong value)
    {
        Utf8Formatter.TryFormat(value, output, out var length);
        return length;
    }

    /// <summary>With its scale: 1000.50 stays 1000.50.</summary>
    public static int Decimal(Span<byte> output, decimal value)
    {
        value.TryFormat(output, out var length, default, CultureInfo.InvariantCulture);
        return length;
    }

    public static int Bool(Span<byte> output, bool value) => Copy(output, value ? "true"u8 : "false"u8);

    public static int Uuid(Span<byte> output, Guid value)
    {
        value.TryFormat(output, out var length);
        return length;
    }

    /// <summary>The shortest digits that give the same number, with at least one after the point: 1000.5, 1000.0, 1.0E7.</summary>
    public static int Double(Span<byte> output, double value)
    {
        if (IsPlain(Math.Abs(value)))
        {
            value.TryFormat(output, out var plain, default, CultureInfo.InvariantCulture);
            return WithPoint(output, plain);
        }

        Span<byte> text = stackalloc byte[40];
        value.TryFormat(text, out var length, "R", CultureInfo.InvariantCulture);
        return double.IsFinite(value) ? Scientific(output, text[..length]) : NotFinite(output, value);
    }

    /// <summary>As <see cref="Double"/>, in single precision.</summary>
    public static int Float(Span<byte> output, float value)
    {
        if (IsPlain(Math.Abs(value)))
        {
            value.TryFormat(output, out var plain, default, CultureInfo.InvariantCulture);
            return WithPoint(output, plain);
        }

        Span<byte> text = stackalloc byte[40];
        value.TryFormat(text, out var length, "R", CultureInfo.InvariantCulture);
        return float.IsFinite(value) ? Scientific(output, text[..length]) : NotFinite(output, value);
    }

    /// <summary>2024-01-01.</summary>
    public static int Date(Span<byte> output, DateTime value)
    {
        DateOnly.FromDateTime(value).Deconstruct(out var year, out var month, out var day);
        Year(output, year);
        Two(output, 4, '-', month);
        Two(output, 7, '-', day);
        return 10;
    }

    /// <summary>2024-01-01 10:00:00.0: at least one digit of the fraction, no zeros after it.</summary>
    public static int Timestamp(Span<byte> output, DateTime value)
    {
        Date(output, value);
        return 10 + Clock(output[10..], (byte)' ', value.TimeOfDay.Ticks, fractionAlways: true);
    }

    /// <summary>10:00:00, with a fraction only where there is one.</summary>
    public static int Time(Span<byte> output, long ticks)
    {
        Span<byte> text = stackalloc byte[20];
        var length = Clock(text, (byte)' ', ticks, fractionAlways: false);
        text[1..length].CopyTo(output);
        return length - 1;
    }

    /// <summary>A span of time that may be negative or longer than a day: -838:59:59.</summary>
    public static int Interval(Span<byte> output, TimeSpan value)
    {
        var ticks = Math.Abs(value.Ticks);
        var hours = ticks / TimeSpan.TicksPerHour;
        if (hours < 24 && value.Ticks >= 0)
        {
            return Time(output, ticks);
        }

        var at = value.Ticks < 0 ? Copy(output, "-"u8) : 0;
        if (hours < 10)
        {
            output[at++] = (byte)'0';
        }

        at += Integer(output[at..], hours);
        Span<byte> rest = stackalloc byte[20];
        var length = Time(rest, ticks % TimeSpan.TicksPerHour);
        rest[2..length].CopyTo(output[at..]);
        return at + length - 2;
    }

    /// <summary>\x and two hexadecimal digits per byte, as PostgreSQL writes them. Takes 2 + 2 n bytes.</summary>
    public static int Hex(Span<byte> output, ReadOnlySpan<byte> value)
    {
        Copy(output, "\\x"u8);
        Convert.TryToHexStringLower(value, output[2..], out var length);
        return 2 + length;
    }

    public static int Copy(Span<byte> output, ReadOnlySpan<byte> text)
    {
        text.CopyTo(output);
        return text.Length;
    }

    /// <summary>The moment of a count of microseconds from 2000-01-01, as PostgreSQL counts; null outside of years 1 to 9999.</summary>
    public static DateTime? FromMicroseconds2000(long microseconds)
    {
        const long Epoch = 630_822_816_000_000_000;
        return microseconds is < -63_082_281_600_000_000 or > 252_455_615_999_999_999
            ? null
            : new DateTime(Epoch + (microseconds * TicksPerMicrosecond));
    }

    private static int NotFinite(Span<byte> output, double value) =>
        Copy(output, double.IsNaN(value) ? "NaN"u8 : value > 0 ? "Infinity"u8 : "-Infinity"u8);

    private static int Clock(Span<byte> output, byte before, long ticks, bool fractionAlways)
    {
        var seconds = (int)(ticks / TimeSpan.TicksPerSecond);
        Two(output, 0, (char)before, seconds / 3600);
        Two(output, 3, ':', seconds / 60 % 60);
        Two(output, 6, ':', seconds % 60);
        var fraction = (int)(ticks % TimeSpan.TicksPerSecond);
        if (fraction == 0)
        {
            return fractionAlways ? 9 + Copy(output[9..], ".0"u8) : 9;
        }

        output[9] = (byte)'.';
        for (var digit = 16; digit >= 10; digit--)
        {
            output[digit] = (byte)('0' + (fraction % 10));
            fraction /= 10;
        }

        return output[..17].TrimEnd((byte)'0').Length;
    }

    private static void Two(Span<byte> output, int at, char before, int number)
    {
        output[at] = (byte)before;
        output[at + 1] = (byte)('0' + (number / 10));
        output[at + 2] = (byte)('0' + (number % 10));
    }

    private static void Year(Span<byte> output, int year)
    {
        for (var digit = 3; digit >= 0; digit--)
        {
            output[digit] = (byte)('0' + (year % 10));
            year /= 10;
        }
    }

    /// <summary>True for a size that neither .NET nor Java writes with an exponent: what differs is at most the <c>.0</c>.</summary>
    private static bool IsPlain(double size) => size is >= 1e-3 and < 1e7 or 0;

    private static int WithPoint(Span<byte> output, int length) =>
        output[..length].Contains((byte)'.') ? length : length + Copy(output[length..], ".0"u8);

    /// <summary>Turns .NET's shortest form of a number with an exponent into Java's.</summary>
    private static int Scientific(Span<byte> output, ReadOnlySpan<byte> text)
    {
        var at = 0;
        if (text[0] == '-')
        {
            output[at++] = (byte)'-';
            text = text[1..];
        }

        // Digits without point, and where the point stands after the first digit.
        Span<byte> digits = stackalloc byte[40];
        var exponentAt = text.IndexOf((byte)'E');
        var exponent = 0;
        if (exponentAt >= 0)
        {
            Utf8Parser.TryParse(text[(exponentAt + 1)..].TrimStart((byte)'+'), out exponent, out _);
            text = text[..exponentAt];
        }

        var point = text.IndexOf((byte)'.');
        var count = 0;
        var leading = true;
        exponent += (point < 0 ? text.Length : point) - 1;
        foreach (var c in text)
        {
            if (c == '.')
            {
                continue;
            }

            if (leading && c == '0')
            {
                exponent--;
                continue;
            }

            leading = false;
            digits[count++] = c;
        }

        var kept = digits[..count].TrimEnd((byte)'0');
        output[at] = kept[0];
        output[at + 1] = (byte)'.';
        at += 2;
        at += kept.Length > 1 ? Copy(output[at..], kept[1..]) : Copy(output[at..], "0"u8);
        output[at++] = (byte)'E';
        return at + Integer(output[at..], exponent);
    }
}
