namespace DataFlow;

/// <summary>A transform of the catalogue. In a pipeline file it is one key: <c>- filter: "age >= 18"</c>.</summary>
public sealed record TransformDefinition
{
    /// <summary>The name users write as the key.</summary>
    public required string Name { get; init; }

    /// <summary>One sentence for lists and the reference.</summary>
    public required string Summary { get; init; }

    /// <summary>The option record.</summary>
    public required Type OptionsType { get; init; }

    /// <summary>The option that a bare value sets: <c>condition</c> for <c>filter: "age >= 18"</c>. Null when the value must be a map.</summary>
    public string? ShorthandOption { get; init; }

    /// <summary>A complete example of the value, as YAML, for the reference.</summary>
    public required string Example { get; init; }

    /// <summary>Makes a transform from an option record of <see cref="OptionsType"/>.</summary>
    /// <exception cref="OptionException">The options can't be used; names the key.</exception>
    public required Func<object, ITransform> Create { get; init; }
}

/// <summary>An option's value can't be used: found when a connector or transform is made from it.</summary>
/// <param name="key">The option's kebab-case name.</param>
/// <param name="message">A sentence: what was found, what is allowed, what to do.</param>
public sealed class OptionException(string key, string message) : Exception(message)
{
    /// <summary>The option's kebab-case name.</summary>
    public string Key { get; } = key;
}
