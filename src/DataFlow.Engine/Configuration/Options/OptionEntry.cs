using System.Reflection;
using System.Text.Json;

namespace DataFlow.Engine.Configuration;

/// <summary>One option of an option record. Immutable.</summary>
internal sealed class OptionEntry
{
    private readonly OptionAttribute _option;
    private readonly OptionRangeAttribute? _range;

    public OptionEntry(PropertyInfo property, OptionAttribute option, object defaults)
    {
        _option = option;
        _range = property.GetCustomAttribute<OptionRangeAttribute>();
        Property = property;
        Name = JsonNamingPolicy.KebabCaseLower.ConvertName(property.Name);
        ValueType = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        Kind = KindOf(ValueType) ?? throw new InvalidOperationException(
            $"{property.DeclaringType}.{property.Name} is of type {property.PropertyType}, which no option can have.");
        Default = property.GetValue(defaults);
        Choices = Kind == OptionKind.Choice ? OptionChoice.Of(ValueType) : [];
    }

    public PropertyInfo Property { get; }

    /// <summary>The property's name in kebab-case.</summary>
    public string Name { get; }

    /// <summary>The property's type, without the <c>?</c> of a value type.</summary>
    public Type ValueType { get; }

    public OptionKind Kind { get; }

    public object? Default { get; }

    public IReadOnlyList<OptionChoice> Choices { get; }

    public bool TakesNull => ValueType != Property.PropertyType;

    public string Description => _option.Description;

    public IReadOnlyList<string> Aliases => _option.Aliases;

    public bool IsSecret => _option.Secret;

    public bool IsPath => _option.Path;

    public bool IsIdentity => _option.Identity;

    public bool IsAdvanced => _option.Advanced;

    public bool IsRequired => _option.Required;

    public bool IsTypical => _option.Required || _option.Typical;

    public string Unit => _option.Unit;

    public string? Example => _option.Example;

    public double Minimum => _range?.Minimum ?? double.NegativeInfinity;

    public double Maximum => _range?.Maximum ?? double.PositiveInfinity;

    /// <summary>All names that mean this option, the documented one first.</summary>
    public IEnumerable<string> Names => [Name, .. Aliases];

    /// <summary>The member that a text names, in any case; null when there is none.</summary>
    public OptionChoice? ChoiceOf(string text) =>
        Choices.FirstOrDefault(choice => choice.Names.Contains(text, StringComparer.OrdinalIgnoreCase));

    private static OptionKind? KindOf(Type type) =>
        type.IsEnum ? OptionKind.Choice
        : type == typeof(string) ? OptionKind.Text
        : type == typeof(int) || type == typeof(long) ? OptionKind.WholeNumber
        : type == typeof(double) || type == typeof(decimal) ? OptionKind.Number
        : type == typeof(bool) ? OptionKind.Boolean
        : type == typeof(TimeSpan) ? OptionKind.Duration
        : type == typeof(ByteSize) ? OptionKind.ByteSize
        : type.IsAssignableFrom(typeof(string[])) && type != typeof(object) ? OptionKind.TextList
        : type.IsAssignableFrom(typeof(Dictionary<string, string>)) && type != typeof(object) ? OptionKind.TextMap
        : type == typeof(IReadOnlyDictionary<string, object?>) ? OptionKind.ValueMap
        : type == typeof(ConfigurationValue) ? OptionKind.Section
        : type.GetProperties().Any(property => property.IsDefined(typeof(OptionAttribute))) ? OptionKind.Record
        : null;
}
