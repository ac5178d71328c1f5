namespace DataFlow.Engine.Configuration;

/// <summary>One option, for people to read.</summary>
public sealed record OptionReference
{
    /// <summary>The documented name.</summary>
    public required string Name { get; init; }

    /// <summary>Other accepted names.</summary>
    public required IReadOnlyList<string> Aliases { get; init; }

    /// <summary>What values it takes, with their limits: <c>whole number, 1 or more</c>.</summary>
    public required string Type { get; init; }

    /// <summary>The default as it would be written; null when there is none.</summary>
    public string? Default { get; init; }

    /// <summary>One or two sentences.</summary>
    public required string Description { get; init; }

    /// <summary>Must be given.</summary>
    public bool IsRequired { get; init; }

    /// <summary>Never printed.</summary>
    public bool IsSecret { get; init; }

    /// <summary>A change means other data.</summary>
    public bool IsIdentity { get; init; }

    /// <summary>Seldom needed.</summary>
    public bool IsAdvanced { get; init; }

    /// <summary>A value to show.</summary>
    public string? Example { get; init; }

    internal static IReadOnlyList<OptionReference> Of(Type optionsType) => [.. OptionTable.Of(optionsType).Entries.SelectMany(WithInner)];

    /// <summary>An option and, where it is a map of options, those, unless they are all of another kind's.</summary>
    private static IEnumerable<OptionReference> WithInner(OptionEntry entry) => entry.Kind != OptionKind.Record
        ? [Of(entry)]
        : [Of(entry), .. OptionTable.Of(entry.ValueType).Entries.Select(inner => Of(inner) with { Name = $"{entry.Name}.{inner.Name}", IsAdvanced = entry.IsAdvanced })];

    private static OptionReference Of(OptionEntry entry) => new()
    {
        Name = entry.Name,
        Aliases = entry.Aliases,
        Type = TypeOf(entry),
        Default = entry.IsRequired ? null : OptionText.Format(entry, entry.Default),
        Description = entry.Description,
        IsRequired = entry.IsRequired,
        IsSecret = entry.IsSecret,
        IsIdentity = entry.IsIdentity,
        IsAdvanced = entry.IsAdvanced,
        Example = entry.Example,
    };

    private static string TypeOf(OptionEntry entry)
    {
        var type = entry.Kind switch
        {
            OptionKind.Text => "text",
            OptionKind.WholeNumber => "whole number",
            OptionKind.Number => "number",
            OptionKind.Boolean => "true or false",
            OptionKind.Duration => $"duration (30s; bare number: {entry.Unit})",
            OptionKind.ByteSize => "size (16MiB; bare number: bytes)",
            OptionKind.Choice => Phrases.Or([.. entry.Choices.Select(choice => choice.Name)]),
            OptionKind.TextList => "list of texts",
            OptionKind.TextMap => "map of texts",
            OptionKind.ValueMap => "map of single values",
            OptionKind.Record => "map of options",
            _ => "section",
        };
        return OptionText.FormatRange(entry) is { } range ? $"{type}, {range}" : type;
    }
}
