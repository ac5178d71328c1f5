using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DataFlow.Engine.Configuration;

/// <summary>Writes the JSON Schema (draft 2020-12) of the pipeline file, with the options of each kind of the catalogue.</summary>
public static class JsonSchemaWriter
{
    /// <summary>A key of JSON files that names their schema; it is for editors only.</summary>
    internal const string SchemaKey = "$schema";

    private const string Draft = "https://json-schema.org/draft/2020-12/schema";

    private static readonly JsonSerializerOptions Readable =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The schema as text.</summary>
    public static string Write(Catalogue catalogue) => Create(catalogue).ToJsonString(Readable).ReplaceLineEndings("\n") + "\n";

    /// <summary>The schema as a tree.</summary>
    public static JsonObject Create(Catalogue catalogue)
    {
        ArgumentNullException.ThrowIfNull(catalogue);
        var definitions = new JsonObject();
        foreach (var source in catalogue.Sources)
        {
            definitions[$"source-{source.Name}"] =
                Connector(
                    OptionTable.Of(typeof(SourceKeys)),
                    source.Name,
                    source.Summary,
                    source.ConnectionDescription,
                    source.ConnectionRequired,
                    source.OptionsType);
        }

        foreach (var sink in catalogue.Sinks)
        {
            definitions[$"sink-{sink.Name}"] =
                Connector(
                    OptionTable.Of(typeof(SinkKeys)),
                    sink.Name,
                    sink.Summary,
                    sink.ConnectionDescription,
                    sink.ConnectionRequired,
                    sink.OptionsType);
        }

        foreach (var transform in catalogue.Transforms)
        {
            definitions[$"transform-{transform.Name}"] = Transform(transform);
        }

        var keys = OptionTable.Of(typeof(PipelineKeys));
        var schema = new JsonObject
        {
            [SchemaKey] = Draft,
            ["title"] = "DataFlow pipeline",
        };
        Merge(schema, Map(keys, entry => entry.Name switch
        {
            "source" => OneOf(catalogue.Sources.Select(source => $"source-{source.Name}")),
            "sink" => OneOf(catalogue.Sinks.Select(sink => $"sink-{sink.Name}")),
            "transforms" => new JsonObject
            {
                ["type"] = new JsonArray("array", "null"),
                ["items"] = OneOf(catalogue.Transforms.Select(transform => $"transform-{transform.Name}")),
            },
            _ => OptionSchema.Of(entry),
        }));
        schema["properties"]![SchemaKey] = new JsonObject { ["type"] = "string" };
        schema["$defs"] = definitions;
        return schema;
    }

    /// <summary>The schema of the options of a kind, by its option record.</summary>
    public static JsonObject OptionsOf(Type optionsType)
    {
        var options = WithoutEmptyRules(Map(OptionTable.Of(optionsType), OptionSchema.Of));
        options[SchemaKey] = Draft;
        return options;
    }

    private static JsonObject Connector(
        OptionTable keys, string name, string summary, string connection, bool connectionRequired, Type optionsType)
    {
        var schema = Map(keys, entry => entry.Name switch
        {
            "type" => OptionSchema.Names([name]),
            "connection" => Described(OptionSchema.Text(), connection),
            "options" or "config" => Options(optionsType),
            _ => OptionSchema.Of(entry),
        });
        var rules = (JsonArray)schema["allOf"]!;
        if (connectionRequired)
        {
            rules.Add((JsonNode)OneNameOf(keys.Find("connection")!));
        }

        // What must be given may stand in options or in config; only who writes neither can be told here.
        if (OptionTable.Of(optionsType).Entries.Any(entry => entry.IsRequired))
        {
            rules.Add((JsonNode)new JsonObject { ["anyOf"] = new JsonArray(Required("options"), Required("config")) });
        }

        return Described(schema, summary);
    }

    /// <summary>A map of options.</summary>
    internal static JsonObject Map(OptionTable table) => WithoutEmptyRules(Map(table, OptionSchema.Of));

    // Without its 'required', as options and config are taken together.
    private static JsonObject Options(Type optionsType)
    {
        var schema = Map(OptionTable.Of(optionsType), OptionSchema.Of);
        schema.Remove("allOf");
        schema["type"] = new JsonArray("object", "null");
        return schema;
    }

    private static JsonObject Transform(TransformDefinition transform)
    {
        var table = OptionTable.Of(transform.OptionsType);
        var options = Map(table);
        var value = transform.ShorthandOption is { } shorthand
            ? new JsonObject { ["anyOf"] = new JsonArray(OptionSchema.Of(table.Find(shorthand)!), options) }
            : options;
        return new JsonObject
        {
            ["type"] = "object",
            ["description"] = transform.Summary,
            ["properties"] = new JsonObject { [transform.Name] = Described(value, transform.Summary) },
            ["required"] = new JsonArray(transform.Name),
            ["additionalProperties"] = false,
        };
    }

    // A map with exactly these keys, each under one of its names.
    private static JsonObject Map(OptionTable table, Func<OptionEntry, JsonObject> schemaOf)
    {
        var properties = new JsonObject();
        var rules = new JsonArray();
        foreach (var entry in table.Entries)
        {
            foreach (var name in entry.Names)
            {
                properties[name] = schemaOf(entry);
            }

            if (entry.IsRequired)
            {
                rules.Add((JsonNode)OneNameOf(entry));
            }
            else if (entry.Aliases.Count > 0)
            {
                rules.Add((JsonNode)AtMostOneNameOf(entry));
            }
        }

        var schema = new JsonObject { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
        schema["allOf"] = rules;
        return schema;
    }

    // An empty list of rules is no valid schema.
    private static JsonObject WithoutEmptyRules(JsonObject schema)
    {
        if (schema["allOf"] is JsonArray { Count: 0 })
        {
            schema.Remove("allOf");
        }

        return schema;
    }

    private static JsonObject OneNameOf(OptionEntry entry) =>
        entry.Aliases.Count == 0 ? Required(entry.Name) : new JsonObject { ["oneOf"] = new JsonArray([.. entry.Names.Select(Required)]) };

    private static JsonObject AtMostOneNameOf(OptionEntry entry) => new()
    {
        ["not"] = new JsonObject { ["required"] = new JsonArray([.. entry.Names.Select(name => JsonValue.Create(name))]) },
    };

    private static JsonObject Required(string name) => new() { ["required"] = new JsonArray(name) };

    private static JsonObject OneOf(IEnumerable<string> definitions) => new()
    {
        ["oneOf"] = new JsonArray([.. definitions.Select(name => new JsonObject { ["$ref"] = $"#/$defs/{name}" })]),
    };

    private static JsonObject Described(JsonObject schema, string description)
    {
        schema["description"] = description;
        return schema;
    }

    private static void Merge(JsonObject target, JsonObject from)
    {
        foreach (var (key, value) in from.ToList())
        {
            from.Remove(key);
            target[key] = value;
        }
    }
}
