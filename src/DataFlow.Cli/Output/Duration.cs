using System.Globalization;

namespace DataFlow.Cli.Output;

/// <summary>Durations for people.</summary>
internal static class Duration
{
    /// <summary>The two largest units: <c>8 s</c>, <c>3 min 20 s</c>, <c>2 h 5 min</c>, <c>4 d 3 h</c>.</summary>
    public static string Format(TimeSpan duration) =>
        duration < TimeSpan.FromMinutes(1) ? Text($"{Math.Ceiling(duration.TotalSeconds):0} s")
        : duration < TimeSpan.FromHours(1) ? Text($"{duration.Minutes} min {duration.Seconds} s")
        : duration < TimeSpan.FromDays(1) ? Text($"{duration.Hours} h {duration.Minutes} min")
        : Text($"{duration.Days} d {duration.Hours} h");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
