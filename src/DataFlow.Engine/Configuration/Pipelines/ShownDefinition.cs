using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace DataFlow.Engine.Configuration;

/// <summary>
/// A pipeline definition for people to read: as it was written, with <c>***</c> in place of every secret and without comments, which
/// may hold secrets too. What a whole <c>${env:NAME}</c> or <c>${file:path}</c> stands for is never looked up, so it is shown as it is.
/// Immutable.
/// </summary>
public sealed partial class ShownDefinition
{
    private const string MaskGiven =
        "this holds ***, which stands for a secret where a definition is shown; give the value itself, best as ${env:NAME} or ${file:path}.";

    private readonly ConfigurationValue? _value;
    private readonly List<ConfigurationProblem> _masks = [];

    private ShownDefinition(ConfigurationValue? value, Catalogue catalogue) =>
        _value = value is MapValue map ? Pipeline(map, catalogue) : null;

    /// <summary>Reads a definition, valid or not.</summary>
    /// <param name="definition">The text of a pipeline file.</param>
    /// <param name="catalogue">The kinds that exist: they know which options are secret.</param>
    public static ShownDefinition Of(string definition, Catalogue catalogue) =>
        new(YamlReader.Read(definition, new ProblemList(null)), catalogue);

    /// <summary>Refuses a definition that was shown before and comes back with a mask where a secret belongs.</summary>
    /// <exception cref="ConfigurationException">It holds a mask.</exception>
    public static void RefuseMasks(string definition, Catalogue catalogue)
    {
        var shown = Of(definition, catalogue);
        if (shown._masks.Count > 0)
        {
            throw new ConfigurationException(shown._masks);
        }
    }

    /// <summary>The definition as JSON, which is a pipeline file too; null when it can't be read.</summary>
    public JsonNode? ToJson() => _value is null ? null : Json(_value);

    /// <summary>The definition as YAML; empty when it can't be read.</summary>
    public string ToYaml() => _value is null ? "" : YamlText.Document(_value);

    private static JsonNode? Json(ConfigurationValue value) => value switch
    {
        ScalarValue { IsNull: true } => null,
        ScalarValue { IsPlain: true, Text: "true" or "false" } truth => JsonValue.Create(truth.Text == "true"),
        ScalarValue { IsPlain: true } number when JsonNumber().IsMatch(number.Text) => JsonNode.Parse(number.Text),
        ScalarValue text => JsonValue.Create(text.Text),
        ListValue list => new JsonArray([.. list.Items.Select(Json)]),
        MapValue map => new JsonObject(map.Entries.Select(entry => KeyValuePair.Create(entry.Key, Json(entry.Value)))),
        _ => null,
    };

    private MapValue Pipeline(MapValue map, Catalogue catalogue) => Entries(map, "", (entry, path) => entry.Key switch
    {
        "source" => Connector(entry.Value, path, type => catalogue.FindSource(type)?.OptionsType),
        "sink" => Connector(entry.Value, path, type => catalogue.FindSink(type)?.OptionsType),
        "transforms" => Transforms(entry.Value, path, catalogue),
        _ => Open(entry.Value, path),
    });

    private ConfigurationValue Connector(ConfigurationValue value, string path, Func<string, Type?> optionsOf)
    {
        if (value is not MapValue map)
        {
            return Open(value, path);
        }

        var type = map.Entries.FirstOrDefault(entry => entry.Key is "type" or "sourceType")?.Value as ScalarValue;
        var options = optionsOf(type?.Text ?? "") is { } record ? OptionTable.Of(record) : null;
        return Entries(map, path, (entry, key) =>
            entry is { Key: "options" or "config", Value: MapValue given } ? Options(given, options, key) : Open(entry.Value, key));
    }

    private ConfigurationValue Transforms(ConfigurationValue value, string path, Catalogue catalogue) => value is not ListValue list
        ? Open(value, path)
        : list with
        {
            Items =
            [
                .. list.Items.Select((item, index) => item is MapValue map
                    ? Entries(map, $"{path}[{index}]", (entry, key) =>
                        entry.Value is MapValue given && catalogue.FindTransform(entry.Key) is { } transform
                            ? Options(given, OptionTable.Of(transform.OptionsType), key)
                            : Open(entry.Value, key))
                    : Open(item, $"{path}[{index}]")),
            ],
        };

    // An option that nobody knows, and a name within an option, may be a secret by the look of it.
    private MapValue Options(MapValue map, OptionTable? table, string path) => Entries(map, path, (entry, key) =>
        table?.Find(entry.Key)?.IsSecret ?? SecretName().IsMatch(entry.Key) ? Hidden(entry.Value, key)
        : entry.Value is MapValue nested ? Options(nested, table: null, key)
        : Open(entry.Value, key));

    private ConfigurationValue Open(ConfigurationValue value, string path) => value switch
    {
        ScalarValue scalar => Scrubbed(scalar, path),
        ListValue list => list with { Items = [.. list.Items.Select((item, index) => Open(item, $"{path}[{index}]"))] },
        MapValue map => Entries(map, path, (entry, key) => Open(entry.Value, key)),
        _ => value,
    };

    private ConfigurationValue Hidden(ConfigurationValue value, string path)
    {
        switch (value)
        {
            case ScalarValue scalar:
                NoteMask(scalar, path, scalar.Text.Contains(SecretMask.Mask, StringComparison.Ordinal));
                return scalar.IsNull || scalar.Text.Length == 0 || WholeReference().IsMatch(scalar.Text)
                    ? scalar
                    : scalar with { Text = SecretMask.Mask, IsPlain = false };
            case ListValue list:
                return list with { Items = [.. list.Items.Select((item, index) => Hidden(item, $"{path}[{index}]"))] };
            case MapValue map:
                return Entries(map, path, (entry, key) => Hidden(entry.Value, key));
            default:
                return value;
        }
    }

    private ScalarValue Scrubbed(ScalarValue scalar, string path)
    {
        var text = Scrub(scalar.Text);
        var unmasked = scalar.Text.Replace(SecretMask.Mask, "x", StringComparison.Ordinal);
        NoteMask(scalar, path, unmasked != scalar.Text && Scrub(unmasked) != unmasked);
        return text == scalar.Text ? scalar : scalar with { Text = text, IsPlain = false };
    }

    private static string Scrub(string text) => SecretMember().Replace(ConnectionDisplay.Of(text), $"$1\"{SecretMask.Mask}\"");

    private void NoteMask(ScalarValue scalar, string path, bool isMask)
    {
        if (isMask)
        {
            _masks.Add(new ConfigurationProblem(null, scalar.Location.Line, scalar.Location.Column, path, MaskGiven));
        }
    }

    private static MapValue Entries(MapValue map, string path, Func<MapEntry, string, ConfigurationValue> shown) =>
        map with { Entries = [.. map.Entries.Select(entry => entry with { Value = shown(entry, Phrases.Join(path, entry.Key)) })] };

    [GeneratedRegex(@"^\$\{(env:[A-Za-z_][A-Za-z0-9_]*|file:[^}]+)\}\z")]
    private static partial Regex WholeReference();

    [GeneratedRegex(@"password|passwd|passphrase|pwd|token|secret|signature|credential|authorization|cookie|(api|access|account|private)[-_.]?key", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();

    // "token": "..." in a message that is sent to the other side.
    [GeneratedRegex(
        @"(""[^""]*(?:password|passwd|passphrase|pwd|token|secret|signature|credential|(?:api|access|account)[-_]?key)[^""]*""\s*:\s*)""(?:[^""\\]|\\.)*""",
        RegexOptions.IgnoreCase)]
    private static partial Regex SecretMember();

    [GeneratedRegex(@"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\z")]
    private static partial Regex JsonNumber();
}
