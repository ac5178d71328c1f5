using System.Text.RegularExpressions;
using YamlDotNet.Core;

namespace DataFlow.Engine.Configuration;

/// <summary>Says what is wrong with a text that is no YAML, and what to do.</summary>
internal static partial class YamlSyntax
{
    // What the scanner says, and what helps in a pipeline file.
    private static readonly (string Symptom, string Advice)[] Advices =
    [
        ("invalid mapping", "this line is not valid YAML; check its indentation, and put text that contains ': ' in quotes."),
        ("cannot start any token", "text can't start with this character in YAML; put it in quotes."),
        ("unknown escape character", "in double quotes a \\ starts an escape, and this one is unknown; use single quotes, or write \\\\."),
        ("quoted scalar, found wrong indentation", "a quoted text starts here and is not closed on its line; add the closing quote."),
        ("quoted scalar, found unexpected end", "a quoted text starts here and is not closed; add the closing quote."),
        ("<document end>", "this line is not indented like the ones before it; keys of one map start in the same column."),
    ];

    /// <summary>The place and a sentence.</summary>
    public static (TextLocation Location, string Message) Explain(YamlException exception, string text)
    {
        if (exception.Message.Contains("tab", StringComparison.Ordinal) && TabAsIndentation().Match(text) is { Success: true } tab)
        {
            var indentation = LocationOf(text, tab.Index + tab.Length - 1);
            return (indentation, "this line is indented with a tab, which YAML doesn't allow; use spaces.");
        }

        var location = new TextLocation((int)exception.Start.Line, (int)exception.Start.Column);
        var advice = Array.Find(Advices, known => exception.Message.Contains(known.Symptom, StringComparison.Ordinal)).Advice;
        return (location, advice ?? $"this is not valid YAML: {exception.Message}");
    }

    private static TextLocation LocationOf(string text, int index)
    {
        var before = text.AsSpan(0, index);
        return new TextLocation(before.Count('\n') + 1, index - before.LastIndexOf('\n'));
    }

    [GeneratedRegex(@"^ *\t", RegexOptions.Multiline)]
    private static partial Regex TabAsIndentation();
}
