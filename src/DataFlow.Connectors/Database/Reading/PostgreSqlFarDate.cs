using System.Globalization;
using System.Text;

namespace DataFlow.Connectors;

/// <summary>Moments before year 1 and after year 9999, which .NET's calendar doesn't have and PostgreSQL's does.</summary>
internal static class PostgreSqlFarDate
{
    private const long MicrosecondsPerDay = 86_400_000_000;
    private const int JulianDayOf2000 = 2_451_545;

    /// <summary>The microsecond at which a day begins, counted as PostgreSQL does; days too far away for that are endless.</summary>
    /// <param name="days">From 2000-01-01.</param>
    public static long StartOf(int days) => days switch
    {
        > (int)(long.MaxValue / MicrosecondsPerDay) => long.MaxValue,
        < (int)(long.MinValue / MicrosecondsPerDay) => long.MinValue,
        _ => days * MicrosecondsPerDay,
    };

    /// <summary>Writes year, month and day; years before 1 with <c>BC</c> at the end.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="days">From 2000-01-01.</param>
    public static int WriteDate(Span<byte> output, int days)
    {
        var (day, era) = TextOf(days);
        return Encoding.ASCII.GetBytes(day + era, output);
    }

    /// <summary>Writes year, month, day and time; years before 1 with <c>BC</c> at the end.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="microseconds">From 2000-01-01.</param>
    public static int WriteMoment(Span<byte> output, long microseconds)
    {
        var days = Math.DivRem(microseconds, MicrosecondsPerDay, out var ofDay);
        if (ofDay < 0)
        {
            days--;
            ofDay += MicrosecondsPerDay;
        }

        var (day, era) = TextOf(days);
        Span<byte> clock = stackalloc byte[20];
        var length = ColumnText.Time(clock, ofDay * 10);
        return Encoding.ASCII.GetBytes($"{day} {Encoding.ASCII.GetString(clock[..length])}{(length == 8 ? ".0" : "")}{era}", output);
    }

    private static (string Day, string Era) TextOf(long days)
    {
        var (year, month, day) = ToCalendar(days + JulianDayOf2000);
        return (string.Create(CultureInfo.InvariantCulture, $"{(year <= 0 ? 1 - year : year):0000}-{month:00}-{day:00}"), year <= 0 ? " BC" : "");
    }

    /// <summary>The day of the Gregorian calendar of a Julian day number, by the usual integer method.</summary>
    private static (long Year, long Month, long Day) ToCalendar(long julianDay)
    {
        var a = julianDay + 32_044;
        var b = ((4 * a) + 3) / 146_097;
        var c = a - (146_097 * b / 4);
        var d = ((4 * c) + 3) / 1_461;
        var e = c - (1_461 * d / 4);
        var m = ((5 * e) + 2) / 153;
        return ((100 * b) + d - 4_800 + (m / 10), m + 3 - (12 * (m / 10)), e - (((153 * m) + 2) / 5) + 1);
    }
}
