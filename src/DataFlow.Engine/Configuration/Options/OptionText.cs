using System.Globalization;
using System.Text.Json;

namespace DataFlow.Engine.Configuration;

/// <summary>Option values as text, the way users write them.</summary>
internal static class OptionText
{
    /// <summary>A value as text; null for a value that isn't there.</summary>
    public static string? Format(OptionEntry entry, object? value) => value switch
    {
        null => null,
        bool truth => truth ? "true" : "false",

        // Beside a name that says ms, 1s would read wrong.
        TimeSpan duration when entry.Name.EndsWith("-ms", StringComparison.Ordinal) =>
            duration.TotalMilliseconds.ToString(CultureInfo.InvariantCulture),
        TimeSpan duration => DurationText.Format(duration),
        IReadOnlyDictionary<string, string> map => JsonSerializer.Serialize(map, JsonSerializerOptions.Web),
        IEnumerable<string> list => JsonSerializer.Serialize(list, JsonSerializerOptions.Web),
        _ when entry.Kind == OptionKind.Record => JsonSerializer.Serialize(
            OptionDisplay.Of(value).Where(option => !option.IsDefault).ToDictionary(option => option.Name, option => option.Value), JsonSerializerOptions.Web),
        Enum member => entry.Choices.First(choice => choice.Value.Equals(member)).Name,
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    /// <summary>What the option allows, as the end of a sentence: <c>1 to 100</c>; null without limits.</summary>
    public static string? FormatRange(OptionEntry entry) => (double.IsFinite(entry.Minimum), double.IsFinite(entry.Maximum)) switch
    {
        (true, true) => $"{FormatLimit(entry, entry.Minimum)} to {FormatLimit(entry, entry.Maximum)}",
        (true, false) => $"{FormatLimit(entry, entry.Minimum)} or more",
        (false, true) => $"{FormatLimit(entry, entry.Maximum)} or less",
        _ => null,
    };

    /// <summary>A value as the number that limits are compared with: durations in the option's unit, sizes in bytes.</summary>
    public static double Measure(OptionEntry entry, object value) => value switch
    {
        TimeSpan duration => (double)duration.Ticks / DurationText.TicksOf(entry.Unit),
        ByteSize size => size.Bytes,
        _ => Convert.ToDouble(value, CultureInfo.InvariantCulture),
    };

    private static string FormatLimit(OptionEntry entry, double limit) => entry.Kind switch
    {
        OptionKind.Duration => DurationText.Format(new TimeSpan((long)(limit * DurationText.TicksOf(entry.Unit)))),
        OptionKind.ByteSize => new ByteSize((long)limit).ToString(),
        _ => ((decimal)limit).ToString(CultureInfo.InvariantCulture),
    };
}
