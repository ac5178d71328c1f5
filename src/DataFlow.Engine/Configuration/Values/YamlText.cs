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

    [GeneratedRegex(@"^[A-Za-z0-9_/.$][A-Za-z0-9_/.+=@${}:*-]*(?<!:)\z")]
    private static partial Regex SafeWithoutQuotes();
}
