using System.Globalization;

namespace DataFlow.Engine.Configuration;

/// <summary>Durations as users write them: <c>30s</c>, <c>500ms</c>, <c>1.5h</c>, or a bare number in the option's own unit.</summary>
internal static class DurationText
{
    // Longer suffixes first: "ms" also ends with "s".
    private static readonly (string Suffix, long Ticks)[] Units =
    [
        ("ms", TimeSpan.TicksPerMillisecond),
        ("s", TimeSpan.TicksPerSecond),
        ("m", TimeSpan.TicksPerMinute),
        ("h", TimeSpan.TicksPerHour),
        ("d", TimeSpan.TicksPerDay),
    ];

    /// <summary>Length of a unit.</summary>
    /// <exception cref="ArgumentException">There is no such unit.</exception>
    public static long TicksOf(string unit) =>
        Array.Find(Units, known => known.Suffix == unit) is { Ticks: > 0 and var ticks }
            ? ticks
            : throw new ArgumentException($"'{unit}' is no unit of time.", nameof(unit));

    /// <summary>Reads a duration. A fraction is allowed as long as it is a whole number of 100 ns.</summary>
    public static bool TryParse(string text, string bareUnit, out TimeSpan duration)
    {
        duration = default;
        var trimmed = text.Trim();
        var suffix = Array.Find(Units, unit => trimmed.EndsWith(unit.Suffix, StringComparison.Ordinal)).Suffix ?? "";
        var number = trimmed[..^suffix.Length].TrimEnd();
        var ticksPerUnit = TicksOf(suffix.Length > 0 ? suffix : bareUnit);
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            || value > TimeSpan.MaxValue.Ticks / ticksPerUnit
            || value * ticksPerUnit % 1 != 0)
        {
            return false;
        }

        duration = new TimeSpan((long)(value * ticksPerUnit));
        return true;
    }

    /// <summary>The shortest exact text, which <see cref="TryParse"/> reads back. Durations are never negative.</summary>
    public static string Format(TimeSpan duration)
    {
        var (suffix, ticks) = duration == TimeSpan.Zero
            ? Units[1]
            : Units.Reverse().FirstOrDefault(unit => duration.Ticks % unit.Ticks == 0, Units[0]);
        return ((decimal)duration.Ticks / ticks).ToString("0.####", CultureInfo.InvariantCulture) + suffix;
    }
}
