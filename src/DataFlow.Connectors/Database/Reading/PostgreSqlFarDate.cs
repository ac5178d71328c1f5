using System.Globalization;
using System.Text;

namespace DataFlow.Connectors;

/// <summary>Moments before year 1 and after year 9999, which .NET's calendar doesn't have and PostgreSQL's does.</summary>
internal static class PostgreSqlFarDate
{
    private const long MicrosecondsPerDay = 86_400_000_000;
    private const int JulianDayOf2000 = 2_451_545;

    /// <summary>Writes year, month, day and time; years before 1 with <c>BC</c> at the end.</summary>
    public static int Write(Span<byte> output, long microseconds, bool isDate)
    {
        var days = Math.DivRem(microseconds, MicrosecondsPerDay, out var ofDay);
        if (ofDay < 0)
        {
            days--;
            ofDay += MicrosecondsPerDay;
        }

        var (year, month, day) = ToCalendar(days + JulianDayOf2000);
        var isBeforeChrist = year <= 0;
        var text = string.Create(CultureInfo.InvariantCulture, $"{(isBeforeChrist ? 1 - year : year):0000}-{month:00}-{day:00}");
        if (!isDate)
        {
            Span<byte> clock = stackalloc byte[20];
            var length = ColumnText.Time(clock, ofDay * 10);
            text += " " + Encoding.ASCII.GetString(clock[..length]) + (length == 8 ? ".0" : "");
        }

        return Encoding.ASCII.GetBytes(text + (isBeforeChrist ? " BC" : ""), output);
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
