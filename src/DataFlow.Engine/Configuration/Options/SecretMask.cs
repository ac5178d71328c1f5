namespace DataFlow.Engine.Configuration;

/// <summary>Keeps the values of secret options out of texts for people.</summary>
internal static class SecretMask
{
    public const string Mask = ConnectionDisplay.Mask;

    /// <summary>A text without the values that the record's secret options have.</summary>
    public static string Hide(OptionTable table, object record, string text) => table.Entries
        .SelectMany(entry => SecretsIn(entry, entry.Property.GetValue(record)))
        .Where(secret => secret.Length > 0)
        .OrderByDescending(secret => secret.Length)
        .Aggregate(text, (current, secret) => current.Replace(secret, Mask, StringComparison.Ordinal));

    private static IEnumerable<string> SecretsIn(OptionEntry entry, object? value) =>
        entry.IsSecret ? SecretsOf(value)
        : entry.Kind != OptionKind.Record || value is null ? []
        : OptionTable.Of(entry.ValueType).Entries.SelectMany(inner => SecretsIn(inner, inner.Property.GetValue(value)));

    private static IEnumerable<string> SecretsOf(object? value) => value switch
    {
        string text => [text],
        IReadOnlyDictionary<string, string> map => map.Values,
        IEnumerable<string> list => list,
        _ => [],
    };
}
