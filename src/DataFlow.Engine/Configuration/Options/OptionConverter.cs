using System.Globalization;

namespace DataFlow.Engine.Configuration;

/// <summary>Turns a value as it was written into what an option's property takes, or says why it can't.</summary>
internal static class OptionConverter
{
    /// <summary>The converted value, or a sentence about what is wrong with it.</summary>
    public static (object? Value, string? Problem) Convert(OptionEntry entry, ConfigurationValue value) => (entry.Kind, value) switch
    {
        (OptionKind.Section, _) => (value, null),
        (OptionKind.TextList, ListValue list) => ToList(entry, list),
        (OptionKind.TextList, ScalarValue { IsNull: false } scalar) => ToList(entry, scalar),
        (OptionKind.TextMap, MapValue map) => ToMap(entry, map),
        (OptionKind.ValueMap, MapValue map) => ToValueMap(map),
        (OptionKind.TextMap, ScalarValue { IsNull: false } scalar) => ToMap(entry, scalar),
        (_, ScalarValue { IsNull: true } scalar) => OfNull(entry, scalar),
        (_, ScalarValue scalar) => OfScalar(entry, scalar),
        (_, ListValue) => (null, $"a list was found here; write {Wanted(entry)}."),
        _ => (null, $"a map was found here; write {Wanted(entry)}."),
    };

    /// <summary>A map, written as such or, as in C#, as JSON text; null for anything else.</summary>
    public static MapValue? MapOf(ConfigurationValue value) => value switch
    {
        MapValue map => map,
        ScalarValue { IsNull: false } scalar when scalar.Text.TrimStart().StartsWith('{') => Parse(scalar.Text) as MapValue,
        _ => null,
    };

    /// <summary>What is wrong with a value that is out of the option's limits; null when it is within.</summary>
    public static string? CheckRange(OptionEntry entry, object value) =>
        CheckRange(entry, value, () => Phrases.Quote(OptionText.Format(entry, value)!));

    private static string? CheckRange(OptionEntry entry, object value, Func<string> shown)
    {
        if (OptionText.FormatRange(entry) is not { } range)
        {
            return null;
        }

        var measure = OptionText.Measure(entry, value);
        return measure < entry.Minimum ? $"{shown()} is too small; allowed is {range}."
            : measure > entry.Maximum ? $"{shown()} is too large; allowed is {range}."
            : null;
    }

    private static (object? Value, string? Problem) OfNull(OptionEntry entry, ScalarValue scalar)
    {
        var isText = entry.Kind == OptionKind.Text;
        if (scalar.Text.Length == 0)
        {
            var hint = isText ? " (\"\" for an empty one)" : "";
            return (null, $"there is no value; write {Wanted(entry)}{hint}, or leave the key out.");
        }

        return entry.TakesNull ? (null, null)
            : isText ? (null, $"{scalar.Text} without quotes means no value; put it in quotes to mean the text, or leave the key out.")
            : (null, $"{scalar.Text} means no value; write {Wanted(entry)}, or leave the key out.");
    }

    private static (object? Value, string? Problem) OfScalar(OptionEntry entry, ScalarValue scalar)
    {
        var text = scalar.Text.Trim();
        var value = entry.Kind switch
        {
            OptionKind.Text => scalar.Text,
            OptionKind.WholeNumber => ToWholeNumber(entry.ValueType, text),
            OptionKind.Number => ToNumber(entry.ValueType, text),
            OptionKind.Boolean => bool.TryParse(text, out var truth) ? truth : null,
            OptionKind.Duration => DurationText.TryParse(text, entry.Unit, out var duration) ? duration : null,
            OptionKind.ByteSize => ByteSize.TryParse(text, out var size) ? size : null,
            OptionKind.Choice => entry.ChoiceOf(text)?.Value,
            _ => (object?)null,
        };
        return value is null ? (null, Mismatch(entry, scalar)) : (value, CheckRange(entry, value, () => Shown(entry, scalar)));
    }

    private static string Mismatch(OptionEntry entry, ScalarValue scalar)
    {
        var names = entry.Choices.SelectMany(choice => choice.Names);
        var suggestion = entry.IsSecret || scalar.Reference is not null ? "" : Suggestion.Sentence(scalar.Text, names);
        return entry.Kind switch
        {
            OptionKind.Choice => $"{Shown(entry, scalar)} is not allowed; write {Wanted(entry)}.{suggestion}",
            OptionKind.WholeNumber when IsDigits(scalar.Text.Trim()) =>
                $"{Shown(entry, scalar)} is too large; write {Wanted(entry)} up to "
                    + $"{(entry.ValueType == typeof(int) ? int.MaxValue : long.MaxValue)}.",
            OptionKind.Boolean => $"{Shown(entry, scalar)} is neither true nor false; write one of them.",
            OptionKind.Duration => $"{Shown(entry, scalar)} is no duration; write {Wanted(entry)}.",
            OptionKind.ByteSize => $"{Shown(entry, scalar)} is no size; write {Wanted(entry)}.",
            _ => $"{Shown(entry, scalar)} is no {(entry.Kind == OptionKind.Number ? "number" : "whole number")}; write {Wanted(entry)}.",
        };
    }

    private static object? ToWholeNumber(Type type, string text)
    {
        const NumberStyles Style = NumberStyles.AllowLeadingSign;
        return type == typeof(int)
            ? int.TryParse(text, Style, CultureInfo.InvariantCulture, out var number) ? number : null
            : long.TryParse(text, Style, CultureInfo.InvariantCulture, out var large) ? large : null;
    }

    private static object? ToNumber(Type type, string text)
    {
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return type == typeof(double)
            ? double.TryParse(text, Style, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null
            : decimal.TryParse(text, Style, CultureInfo.InvariantCulture, out var exact) ? exact : null;
    }

    private static (object? Value, string? Problem) ToList(OptionEntry entry, ListValue list)
    {
        var texts = list.Items.OfType<ScalarValue>().Where(item => !item.IsNull).Select(item => item.Text).ToArray();
        return texts.Length == list.Items.Count
            ? (ToListType(entry.ValueType, texts), null)
            : (null, "an item of this list is no text; put text that YAML takes for something else in quotes.");
    }

    // In C# every option is a text: a list is then JSON, or texts with commas between them.
    private static (object? Value, string? Problem) ToList(OptionEntry entry, ScalarValue scalar)
    {
        var text = scalar.Text.Trim();
        return !text.StartsWith('[')
            ? (ToListType(entry.ValueType, text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)), null)
            : Parse(text) is ListValue list ? ToList(entry, list)
            : (null, $"{Shown(entry, scalar)} is no list; write {Wanted(entry)}.");
    }

    private static object ToListType(Type type, string[] texts) => type.IsInstanceOfType(texts) ? texts : texts.ToList();

    private static (object? Value, string? Problem) ToMap(OptionEntry entry, MapValue map)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var item in map.Entries)
        {
            if (item.Value is not ScalarValue { IsNull: false } text)
            {
                return (null, $"the value of '{item.Key}' is no text; give each name one text.");
            }

            texts.Add(item.Key, text.Text);
        }

        return (texts, null);
    }

    private static (object? Value, string? Problem) ToMap(OptionEntry entry, ScalarValue scalar) =>
        MapOf(scalar) is { } map ? ToMap(entry, map) : (null, $"{Shown(entry, scalar)} is no map; write {Wanted(entry)}.");

    private static (object? Value, string? Problem) ToValueMap(MapValue map)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var item in map.Entries)
        {
            if (item.Value is not ScalarValue scalar)
            {
                return (null, $"the value of '{item.Key}' is no single value; give each name one text, number, true, false or null.");
            }

            values.Add(item.Key, ValueOf(scalar));
        }

        return (values, null);
    }

    private static object? ValueOf(ScalarValue scalar) =>
        !scalar.IsPlain ? scalar.Text
        : scalar.IsNull ? null
        : bool.TryParse(scalar.Text, out var truth) ? truth
        : ToWholeNumber(typeof(long), scalar.Text) ?? ToNumber(typeof(decimal), scalar.Text) ?? scalar.Text;

    private static ConfigurationValue? Parse(string text)
    {
        var problems = new ProblemList(null);
        var value = YamlReader.Read(text, problems);
        return problems.Count == 0 ? value : null;
    }

    private static bool IsDigits(string text) => text.TrimStart('+', '-') is { Length: > 0 } digits && digits.All(char.IsAsciiDigit);

    private static string Shown(OptionEntry entry, ScalarValue scalar) =>
        entry.IsSecret ? "the value (not shown)" : Phrases.Shown(scalar);

    private static string Wanted(OptionEntry entry) => entry.Kind switch
    {
        OptionKind.WholeNumber => "a whole number",
        OptionKind.Number => "a number",
        OptionKind.Boolean => "true or false",
        OptionKind.Duration => $"a number with ms, s, m, h or d, such as 30s, or a bare number of {entry.Unit}",
        OptionKind.ByteSize => "a number with B, KB, MB, GB, KiB, MiB or GiB, such as 16MiB, or a bare number of bytes",
        OptionKind.Choice => Phrases.Or([.. entry.Choices.Select(choice => choice.Name)]),
        OptionKind.TextList => "a list of texts, such as [a, b]",
        OptionKind.TextMap => "a map of texts, such as {name: value}",
        OptionKind.ValueMap => "a map of single values, such as {country: CH, version: 2}",
        OptionKind.Record => $"a map of {Phrases.Or([.. OptionTable.Of(entry.ValueType).Names])}",
        _ => "one text",
    };
}
