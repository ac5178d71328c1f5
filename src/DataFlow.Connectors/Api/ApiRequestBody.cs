using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DataFlow.Connectors;

/// <summary>Makes the body of a POST: a template with values put in, and parameters set in a JSON object.</summary>
internal static class ApiRequestBody
{
    private static readonly string[] Names = ["cursor", "page", "offset", "size", "since"];

    /// <summary>True when the template is a JSON object, whatever stands for its placeholders.</summary>
    public static bool IsObject(string template)
    {
        try
        {
            return JsonNode.Parse(Fill(template, _ => "0")) is JsonObject;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>True when the template has a place for a value.</summary>
    public static bool Has(string template, string name) => template.Contains($"{{{{{name}}}}}", StringComparison.Ordinal);

    /// <summary>The body of one request.</summary>
    /// <param name="template">As the user wrote it; empty for none.</param>
    /// <param name="values">The values by placeholder name; those that are missing are empty.</param>
    /// <param name="parameters">What to set in the object, by path.</param>
    public static byte[] Make(string template, IReadOnlyDictionary<string, string> values, IReadOnlyList<(string Path, string Value)> parameters)
    {
        var filled = Fill(template, name => values.GetValueOrDefault(name, ""));
        if (parameters.Count == 0)
        {
            return Encoding.UTF8.GetBytes(filled);
        }

        var body = filled.Length == 0 ? [] : JsonNode.Parse(filled)!.AsObject();
        foreach (var (path, value) in parameters)
        {
            Set(body, path.Split('.'), value);
        }

        return JsonSerializer.SerializeToUtf8Bytes(body);
    }

    private static string Fill(string template, Func<string, string> valueOf) => Names.Aggregate(template, (text, name) =>
        Has(text, name) ? text.Replace($"{{{{{name}}}}}", JsonEncodedText.Encode(valueOf(name)).ToString(), StringComparison.Ordinal) : text);

    private static void Set(JsonObject body, string[] path, string value)
    {
        foreach (var step in path[..^1])
        {
            if (body[step] is not JsonObject inner)
            {
                body[step] = inner = [];
            }

            body = inner;
        }

        body[path[^1]] = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number.ToString(CultureInfo.InvariantCulture) == value
            ? JsonValue.Create(number)
            : JsonValue.Create(value);
    }
}
