namespace DataFlow.Engine.Configuration;

/// <summary>An option of a configured connector or transform, for people to read.</summary>
/// <param name="Name">The documented name.</param>
/// <param name="Value">The value as it would be written; <c>***</c> for a secret; null when there is none.</param>
/// <param name="IsDefault">True when it is the default.</param>
public sealed record OptionDisplay(string Name, string? Value, bool IsDefault)
{
    /// <summary>All options of an option record.</summary>
    public static IReadOnlyList<OptionDisplay> Of(object options) =>
    [
        .. OptionTable.Of(options.GetType()).Entries.Select(entry =>
        {
            var value = OptionText.Format(entry, entry.Property.GetValue(options));
            var isDefault = value == OptionText.Format(entry, entry.Default);
            return new OptionDisplay(entry.Name, entry.IsSecret && !string.IsNullOrEmpty(value) ? SecretMask.Mask : value, isDefault);
        }),
    ];
}
