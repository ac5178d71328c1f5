using System.Globalization;

namespace DataFlow.Connectors;

/// <summary>Values that grow: timestamps and ids, as the API writes them.</summary>
internal static class ApiWatermark
{
    private const decimal NotUnixSeconds = 100_000_000_000m;

    /// <summary>The value as a number to compare with: ticks since year 1 for timestamps; null when it is none.</summary>
    public static decimal? Parse(string? text, ApiIncrementalType type)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        var isNumber = decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number);
        if (type == ApiIncrementalType.Id)
        {
            return isNumber ? number : null;
        }

        if (isNumber)
        {
            var ticks = Math.Abs(number) >= NotUnixSeconds ? number * TimeSpan.TicksPerMillisecond : number * TimeSpan.TicksPerSecond;
            return DateTime.UnixEpoch.Ticks + ticks;
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) ? moment.UtcTicks : null;
    }

    /// <summary>A timestamp that is earlier by some time, written the way the given one is.</summary>
    public static string Earlier(string text, TimeSpan by)
    {
        if (by == TimeSpan.Zero)
        {
            return text;
        }

        if (decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            var less = Math.Abs(number) >= NotUnixSeconds ? (decimal)by.TotalMilliseconds : (decimal)by.TotalSeconds;
            return (number - less).ToString(CultureInfo.InvariantCulture);
        }

        var moment = DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal) - by;
        return moment.Offset == TimeSpan.Zero
            ? moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture)
            : moment.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture);
    }
}
