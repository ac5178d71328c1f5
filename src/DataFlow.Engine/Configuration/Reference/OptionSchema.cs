using System.Text.Json.Nodes;

namespace DataFlow.Engine.Configuration;

/// <summary>The JSON Schema of one option's value. Every value may also be a text, as it may hold <c>${env:...}</c>.</summary>
internal static class OptionSchema
{
    private const string Interpolated = @"\$\{";
    private const string Number = @"[0-9]+(\.[0-9]+)?";

    public static JsonObject Of(OptionEntry entry)
    {
        var schema = ValueOf(entry);
        schema["description"] = entry.Description;
        if (!entry.IsRequired && DefaultOf(entry) is { } value)
        {
            schema["default"] = value;
        }

        if (entry.Example is not null)
        {
            schema["examples"] = new JsonArray(entry.Example);
        }

        return schema;
    }

    /// <summary>Text as YAML has it: a bare 7 or true is text too where text is wanted.</summary>
    public static JsonObject Text() => new() { ["type"] = new JsonArray("string", "number", "boolean") };

    private static JsonObject ValueOf(OptionEntry entry) => entry.Kind switch
    {
        OptionKind.WholeNumber => AnyOf(Limited(entry, "integer"), Matching("^[+-]?[0-9]+$"), NullFor(entry)),
        OptionKind.Number => AnyOf(Limited(entry, "number"), Matching($"^[+-]?{Number}([eE][+-]?[0-9]+)?$"), NullFor(entry)),
        OptionKind.Boolean => AnyOf(new JsonObject { ["type"] = "boolean" }, Matching("^([Tt]rue|TRUE|[Ff]alse|FALSE)$"), NullFor(entry)),
        OptionKind.Duration => AnyOf(Limited(entry, "number"), Matching($"^{Number} ?(ms|s|m|h|d)?$"), NullFor(entry)),
        OptionKind.ByteSize => AnyOf(Limited(entry, "integer"), Matching($"^{Number} ?([KMG]i?B|B)?$"), NullFor(entry)),
        OptionKind.Choice => AnyOf(Names(entry.Choices.SelectMany(choice => choice.Names)), Interpolation(), NullFor(entry)),
        OptionKind.TextList => AnyOf(new JsonObject { ["type"] = "array", ["items"] = Text() }, Text()),
        OptionKind.TextMap => AnyOf(
            new JsonObject { ["type"] = "object", ["additionalProperties"] = Text() }, new JsonObject { ["type"] = "string" }),
        OptionKind.ValueMap => new JsonObject { ["type"] = "object" },
        OptionKind.Record => AnyOf(JsonSchemaWriter.Map(OptionTable.Of(entry.ValueType)), new JsonObject { ["type"] = "string" }),
        _ => Text(),
    };

    /// <summary>One of a few names.</summary>
    public static JsonObject Names(IEnumerable<string> names) =>
        new() { ["enum"] = new JsonArray([.. names.Select(name => JsonValue.Create(name))]) };

    private static JsonObject Limited(OptionEntry entry, string type)
    {
        var schema = new JsonObject { ["type"] = type };
        if (double.IsFinite(entry.Minimum))
        {
            schema["minimum"] = LimitOf(entry.Minimum);
        }

        if (double.IsFinite(entry.Maximum))
        {
            schema["maximum"] = LimitOf(entry.Maximum);
        }

        return schema;
    }

    private static JsonValue LimitOf(double limit) => limit % 1 == 0 ? JsonValue.Create((long)limit) : JsonValue.Create(limit);

    private static JsonObject Matching(string pattern) => new() { ["type"] = "string", ["pattern"] = $"{pattern}|{Interpolated}" };

    private static JsonObject Interpolation() => new() { ["type"] = "string", ["pattern"] = Interpolated };

    private static JsonObject? NullFor(OptionEntry entry) => entry.TakesNull ? new JsonObject { ["type"] = "null" } : null;

    private static JsonObject AnyOf(params IEnumerable<JsonObject?> schemas) =>
        new() { ["anyOf"] = new JsonArray([.. schemas.Where(schema => schema is not null)]) };

    private static JsonNode? DefaultOf(OptionEntry entry) => entry.Default switch
    {
        null => null,
        bool value => JsonValue.Create(value),
        int value => JsonValue.Create(value),
        long value => JsonValue.Create(value),
        double value => JsonValue.Create(value),
        decimal value => JsonValue.Create(value),
        IReadOnlyDictionary<string, string> map =>
            new JsonObject(map.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value)))),
        IEnumerable<string> list when entry.Kind == OptionKind.TextList => new JsonArray([.. list.Select(text => JsonValue.Create(text))]),
        var value => JsonValue.Create(OptionText.Format(entry, value)),
    };
}
