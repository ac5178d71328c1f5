namespace DataFlow.Engine.Configuration;

/// <summary>Turns of phrase that several messages share.</summary>
internal static class Phrases
{
    private const int LongestQuote = 60;

    /// <summary><c>a, b or c</c>.</summary>
    public static string Or(IReadOnlyList<string> names) => names.Count switch
    {
        0 => "nothing",
        1 => names[0],
        _ => $"{string.Join(", ", names.Take(names.Count - 1))} or {names[^1]}",
    };

    /// <summary>A text in quotes, on one line, cut when it is long.</summary>
    public static string Quote(string text)
    {
        var line = text.ReplaceLineEndings("\\n").Replace("\t", "\\t", StringComparison.Ordinal);
        return line.Length > LongestQuote ? $"'{line[..LongestQuote]}...'" : $"'{line}'";
    }

    /// <summary>A value for a message: as it was written, so that what comes from outside is not shown.</summary>
    public static string Shown(ScalarValue scalar) =>
        scalar.Reference is { } reference ? $"the value of {Quote(reference)}" : Quote(scalar.Text);

    /// <summary>A path of keys with one more key.</summary>
    public static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";

    /// <summary><c> on line 3</c>, or nothing when the place is unknown.</summary>
    public static string OnLine(TextLocation location) => location.Line > 0 ? $" on line {location.Line}" : "";
}
