namespace DataFlow;

/// <summary>
/// Marks a property of an option record as an option. The record is the only place where the option exists: parsing,
/// validation, help, reference, JSON Schema and forms are derived from it. The name is the property's in kebab-case, the
/// default the property's initial value, the type the property's.
/// </summary>
/// <param name="description">One or two sentences for users, with unit and effect.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OptionAttribute(string description) : Attribute
{
    /// <summary>One or two sentences for users.</summary>
    public string Description { get; } = description;

    /// <summary>Never printed: passwords, tokens.</summary>
    public bool Secret { get; init; }

    /// <summary>A change means other data: kept with the checkpoint, so that state is not used for what it doesn't belong to.</summary>
    public bool Identity { get; init; }

    /// <summary>Names a file or folder: relative ones start at the pipeline file's folder, and a service keeps it inside of its roots.</summary>
    public bool Path { get; init; }

    /// <summary>Seldom needed: listed after the others.</summary>
    public bool Advanced { get; init; }

    /// <summary>Must be given.</summary>
    public bool Required { get; init; }

    /// <summary>Given in nearly every pipeline, though not in all: generated pipeline files and examples have it.</summary>
    public bool Typical { get; init; }

    /// <summary>Other accepted names.</summary>
    public string[] Aliases { get; init; } = [];

    /// <summary>The unit of a bare number for a duration: <c>ms</c> or <c>s</c>.</summary>
    public string Unit { get; init; } = "ms";

    /// <summary>A value to show in help and in generated pipeline files.</summary>
    public string? Example { get; init; }
}

/// <summary>The least and the most that a number, a size or a duration (in its unit) may be.</summary>
/// <param name="minimum">Least allowed value.</param>
/// <param name="maximum">Most allowed value.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OptionRangeAttribute(double minimum, double maximum = double.PositiveInfinity) : Attribute
{
    /// <summary>Least allowed value.</summary>
    public double Minimum { get; } = minimum;

    /// <summary>Most allowed value.</summary>
    public double Maximum { get; } = maximum;
}

/// <summary>Other texts that name an enum member in YAML: <c>ndjson</c> for <c>Json</c>.</summary>
/// <param name="names">The texts. The first is the documented one and replaces the kebab-case member name.</param>
[AttributeUsage(AttributeTargets.Field)]
public sealed class OptionValueAttribute(params string[] names) : Attribute
{
    /// <summary>The texts.</summary>
    public IReadOnlyList<string> Names { get; } = names;
}

/// <summary>An option record that can tell what is wrong between its options.</summary>
public interface IOptionsValidation
{
    /// <summary>Everything that is wrong, each with the key it is about.</summary>
    IEnumerable<OptionProblem> Validate();
}

/// <summary>Something wrong with an option.</summary>
/// <param name="Key">The option's kebab-case name.</param>
/// <param name="Message">A sentence: what was found, what is allowed, what to do.</param>
public readonly record struct OptionProblem(string Key, string Message);
