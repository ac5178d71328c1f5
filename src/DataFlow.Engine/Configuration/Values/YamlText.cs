using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace DataFlow.Engine.Configuration;

/// <summary>Writes texts as YAML.</summary>
internal static partial class YamlText
{
    private static readonly JsonSerializerOptions Quoted = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A text as a YAML scalar: without quotes where nobody could take it for something else.</summary>
    public static string Scalar(string text) =>
        SafeWithoutQuotes().IsMatch(text) && !new ScalarValue(text, IsPlain: true, default).IsNull
            ? text
            : JsonSerializer.Serialize(text, Quoted);

    /// <summary>A text as a comment whose lines start with <c># </c> and are about as wide as a page.</summary>
    public static IEnumerable<string> Comment(string text, string indent)
    {
        const int Width = 100;
        var line = $"{indent}#";
        foreach (var word in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length + 1 + word.Length > Width && line.Length > indent.Length + 1)
            {
                yield return line;
                line = $"{indent}#";
            }

            line += $" {word}";
        }

        yield return line;
    }

    /// <summary>A value as a document in block style.</summary>
    public static string Document(ConfigurationValue value)
    {
        var text = new StringBuilder();
        Write(text, value, "");
        return text.ToString().TrimStart('\n') + "\n";
    }

    // Writes what follows a key or a dash: a scalar on the same line, a list or map below it.
    private static void Write(StringBuilder text, ConfigurationValue value, string indent)
    {
        switch (value)
        {
            case MapValue { Entries.Count: > 0 } map:
                foreach (var entry in map.Entries)
                {
                    text.Append('\n').Append(indent).Append(Scalar(entry.Key)).Append(':');
                    WriteBelow(text, entry.Value, indent);
                }

                break;
            case ListValue { Items.Count: > 0 } list:
                foreach (var item in list.Items)
                {
                    text.Append('\n').Append(indent).Append('-');
                    WriteBelow(text, item, indent);
                }

                break;
            case MapValue:
                text.Append("{}");
                break;
            case ListValue:
                text.Append("[]");
                break;
            case ScalarValue { IsNull: true }:
                text.Append("null");
                break;
            case ScalarValue scalar:
                text.Append(Scalar(scalar.Text));
                break;
        }
    }

    private static void WriteBelow(StringBuilder text, ConfigurationValue value, string indent)
    {
        var isBlock = value is MapValue { Entries.Count: > 0 } or ListValue { Items.Count: > 0 };
        if (!isBlock)
        {
            text.Append(' ');
        }

        Write(text, value, isBlock ? indent + "  " : indent);
    }

    [GeneratedRegex(@"^[A-Za-z0-9_/.$][A-Za-z0-9_/.+=@${}:*-]*(?<!:)\z")]
    private static partial Regex SafeWithoutQuotes();
}
