using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace DataFlow.Engine.Configuration;

/// <summary>
/// What must stay the same for stored positions to mean the same data: the source kind and its identity options. Kept with
/// the checkpoint. Secret values are kept as hashes. Immutable.
/// </summary>
public sealed class SourceFingerprint
{
    private readonly string _type;
    private readonly SortedDictionary<string, string?> _options;

    private SourceFingerprint(string type, SortedDictionary<string, string?> options)
    {
        _type = type;
        _options = options;
    }

    /// <summary>The fingerprint of a source as it is configured now.</summary>
    public static SourceFingerprint Of(PipelineSource source)
    {
        var options = new SortedDictionary<string, string?>(StringComparer.Ordinal);
        foreach (var entry in OptionTable.Of(source.Definition.OptionsType).Entries.Where(entry => entry.IsIdentity))
        {
            options.Add(entry.Name, TextOf(entry, entry.Property.GetValue(source.Settings.Options)));
        }

        return new SourceFingerprint(source.Definition.Name, options);
    }

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static SourceFingerprint Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var options = new SortedDictionary<string, string?>(StringComparer.Ordinal);
            foreach (var option in document.RootElement.GetProperty("options").EnumerateObject())
            {
                options[option.Name] = option.Value.GetString();
            }

            return new SourceFingerprint(document.RootElement.GetProperty("type").GetString() ?? "", options);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException("This is no source fingerprint.", exception);
        }
    }

    /// <summary>
    /// Says in a sentence what differs between the source that the state was written for and the source as it is now; null
    /// when the state belongs to it. An option that the state doesn't know, because it is newer, counts as its default.
    /// </summary>
    /// <param name="stored">What was kept with the checkpoint.</param>
    /// <param name="source">The source as it is now.</param>
    public static string? DescribeDifference(SourceFingerprint stored, PipelineSource source)
    {
        const string Advice = "the stored position belongs to other data; change it back, or start over with --fresh.";
        var current = Of(source);
        if (!stored._type.Equals(current._type, StringComparison.OrdinalIgnoreCase))
        {
            return $"source.type was '{stored._type}' when the state was written and is '{current._type}' now: {Advice}";
        }

        var changes = OptionTable.Of(source.Definition.OptionsType).Entries
            .Where(entry => entry.IsIdentity)
            .Select(entry => (
                entry,
                before: stored._options.GetValueOrDefault(entry.Name, TextOf(entry, entry.Default)),
                now: current._options[entry.Name]))
            .Where(change => change.before != change.now)
            .Select(change => change.entry.IsSecret
                ? $"source.options.{change.entry.Name} has another value (not shown) than when the state was written"
                : $"source.options.{change.entry.Name} was {Shown(change.before)} when the state was written "
                    + $"and is {Shown(change.now)} now")
            .ToList();
        return changes.Count == 0 ? null : $"{string.Join("; ", changes)}: {Advice}";
    }

    /// <summary>One small JSON object.</summary>
    public override string ToString() => JsonSerializer.Serialize(new { type = _type, options = _options });

    private static string? TextOf(OptionEntry entry, object? value)
    {
        var text = OptionText.Format(entry, value);
        return entry.IsSecret && text is not null ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))) : text;
    }

    private static string Shown(string? text) => text is null ? "not given" : Phrases.Quote(text);
}
