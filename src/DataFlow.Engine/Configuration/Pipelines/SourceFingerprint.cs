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
    private readonly string? _share;

    private SourceFingerprint(string type, SortedDictionary<string, string?> options, string? share)
    {
        _type = type;
        _options = options;
        _share = share;
    }

    /// <summary>The fingerprint of a source as it is configured now.</summary>
    public static SourceFingerprint Of(PipelineSource source)
    {
        var options = new SortedDictionary<string, string?>(StringComparer.Ordinal);
        foreach (var entry in OptionTable.Of(source.Definition.OptionsType).Entries.Where(entry => entry.IsIdentity))
        {
            options.Add(entry.Name, TextOf(entry, entry.Property.GetValue(source.Settings.Options)));
        }

        return new SourceFingerprint(source.Definition.Name, options, ShareOf(source));
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

            var share = document.RootElement.TryGetProperty("share", out var stored) ? stored.GetString() : null;
            return new SourceFingerprint(document.RootElement.GetProperty("type").GetString() ?? "", options, share);
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

        if (stored._share != current._share)
        {
            return $"the state was written for {Part(stored._share)} and would go on with {Part(current._share)} now, where its positions mean nothing; change 'instances' back, or start all instances over with --fresh or a reset of their state.";
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
    public override string ToString() => _share is null
        ? JsonSerializer.Serialize(new { type = _type, options = _options })
        : JsonSerializer.Serialize(new { type = _type, options = _options, share = _share });

    private static string? ShareOf(PipelineSource source) =>
        !source.Settings.Share.IsWhole && source.Definition.Sharing(source.Settings).PositionsMeanShare ? source.Settings.Share.ToString() : null;

    private static string Part(string? share) => share is null ? "the whole source" : $"share {share} of the source";

    private static string? TextOf(OptionEntry entry, object? value)
    {
        var text = OptionText.Format(entry, value);
        return entry.IsSecret && text is not null ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))) : text;
    }

    private static string Shown(string? text) => text is null ? "not given" : Phrases.Quote(text);
}
