namespace DataFlow.Engine.Configuration;

/// <summary>A value of a configuration as it was written, before anybody knows what it means.</summary>
/// <param name="Location">Where it stands.</param>
internal abstract record ConfigurationValue(TextLocation Location);

/// <summary>A text, number, boolean or null. Which of them is decided by the option that it is for.</summary>
/// <param name="Text">The text, unescaped.</param>
/// <param name="IsPlain">Without quotes: only then can it be null.</param>
/// <param name="Location">Where it stands.</param>
/// <param name="Reference">The text as written when it holds <c>${...}</c>; shown instead of what it stands for.</param>
internal sealed record ScalarValue(string Text, bool IsPlain, TextLocation Location, string? Reference = null)
    : ConfigurationValue(Location)
{
    public bool IsNull => IsPlain && (Text is "" or "~" or "null" or "Null" or "NULL");
}

/// <summary>A list.</summary>
internal sealed record ListValue(IReadOnlyList<ConfigurationValue> Items, TextLocation Location) : ConfigurationValue(Location);

/// <summary>A map, in the order of the file. Keys differ from each other.</summary>
internal sealed record MapValue(IReadOnlyList<MapEntry> Entries, TextLocation Location) : ConfigurationValue(Location)
{
    public static MapValue Empty(TextLocation location) => new([], location);
}

/// <summary>A value that could not be read and was complained about: it counts as given, and nobody complains again.</summary>
internal sealed record BrokenValue(TextLocation Location) : ConfigurationValue(Location);

/// <summary>One key of a map with its value.</summary>
internal sealed record MapEntry(string Key, TextLocation KeyLocation, ConfigurationValue Value);
