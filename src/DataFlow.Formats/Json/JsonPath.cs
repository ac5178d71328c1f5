using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace DataFlow.Formats;

/// <summary>
/// A place in a JSON document: <c>result.users</c>, <c>['@odata.nextLink']</c>, <c>items[0].id</c>, <c>groups[*].members</c>, or
/// <c>.</c> for the document itself. Immutable, thread-safe.
/// </summary>
public sealed class JsonPath
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = JsonGrammar.MaxDepth + 8, AllowMultipleValues = true };

    private readonly Segment[] _segments;

    private JsonPath(string text, Segment[] segments)
    {
        Text = text;
        _segments = segments;
    }

    /// <summary>The document itself.</summary>
    public static JsonPath Root { get; } = new(".", []);

    /// <summary>The path as it was written.</summary>
    public string Text { get; }

    /// <summary>True when the path may lead to several places.</summary>
    public bool IsMany => _segments.Any(segment => segment.IsAny);

    internal int Length => _segments.Length;

    /// <summary>Reads a path.</summary>
    /// <param name="text">The path as users write it.</param>
    /// <param name="path">The path, when it is one.</param>
    /// <param name="problem">What is wrong with it, as a sentence, when it is none.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out JsonPath? path, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        path = null;
        var segments = new List<Segment>();
        problem = text is "." or "$" ? null : ParseSegments(text.StartsWith('$') ? text[1..] : text, segments);
        if (problem is not null)
        {
            return false;
        }

        path = new JsonPath(text, [.. segments]);
        return true;
    }

    /// <summary>Reads a path that is known to be one.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static JsonPath Parse(string text) => TryParse(text, out var path, out var problem) ? path : throw new FormatException(problem);

    /// <summary>The first value that the path leads to in a complete, valid document.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="type">What kind of value it is; None when the path leads to nothing.</param>
    /// <returns>The text of a string, the exact token of anything else; null when the path leads to nothing.</returns>
    public string? Find(ReadOnlySpan<byte> json, out JsonTokenType type)
    {
        var reader = new Utf8JsonReader(json, Options);
        var isFound = reader.Read() && Seek(ref reader);
        type = isFound ? reader.TokenType : JsonTokenType.None;
        return isFound ? TextOf(ref reader, json) : null;
    }

    /// <summary>Where the first text or number that the path leads to stands: of a text what is inside its quotes, as it is written.</summary>
    /// <param name="json">UTF-8, read no further than to the value; what is no JSON has no values.</param>
    /// <param name="start">Where it starts.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <returns>False when the path leads to nothing, or to something else.</returns>
    public bool TryFind(ReadOnlySpan<byte> json, out int start, out int length)
    {
        (start, length) = (0, 0);
        var reader = new Utf8JsonReader(json, Options);
        try
        {
            if (!reader.Read() || !Seek(ref reader))
            {
                return false;
            }
        }
        catch (JsonException)
        {
            return false;
        }

        start = (int)reader.TokenStartIndex + (reader.TokenType == JsonTokenType.String ? 1 : 0);
        length = reader.ValueSpan.Length;
        return reader.TokenType is JsonTokenType.String or JsonTokenType.Number;
    }

    /// <summary>
    /// The field of a record that the path begins with, and the path inside that field's value. The field is null when the path
    /// doesn't begin with a name, the inner path is null when it is only that name.
    /// </summary>
    public (string? Field, JsonPath? Inner) SplitFirst() => _segments is [{ Key: { } key }, .. var rest]
        ? (Encoding.UTF8.GetString(key), rest.Length > 0 ? new JsonPath(Text, rest) : null)
        : (null, null);

    /// <summary>The path without a last <c>[*]</c>: the elements of an array are reached through the array.</summary>
    internal JsonPath ToContainer() => _segments.Length > 0 && _segments[^1].IsAny ? new JsonPath(Text, _segments[..^1]) : this;

    internal bool MatchesKey(int segment, ref Utf8JsonReader reader) =>
        _segments[segment].Key is { } key && reader.ValueTextEquals(key);

    internal bool MatchesIndex(int segment, int index) => _segments[segment].IsAny || _segments[segment].Index == index;

    private bool Seek(ref Utf8JsonReader reader)
    {
        for (var segment = 0; segment < _segments.Length; segment++)
        {
            if (!ToChild(ref reader, segment))
            {
                return false;
            }
        }

        return true;
    }

    private bool ToChild(ref Utf8JsonReader reader, int segment)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var matches = MatchesKey(segment, ref reader);
                reader.Read();
                if (matches)
                {
                    return true;
                }

                reader.Skip();
            }
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
            {
                if (MatchesIndex(segment, index))
                {
                    return true;
                }

                reader.Skip();
            }
        }

        return false;
    }

    private static string TextOf(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return reader.GetString()!;
        }

        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return Encoding.UTF8.GetString(json[start..(int)reader.BytesConsumed]);
    }

    private static string? ParseSegments(string text, List<Segment> segments)
    {
        for (var at = 0; at < text.Length;)
        {
            if (text[at] == '[')
            {
                if (ParseBracket(text, ref at, segments) is { } problem)
                {
                    return problem;
                }

                continue;
            }

            if (text[at] == '.' && (at > 0 || text.Length > 1))
            {
                at++;
            }
            else if (at > 0)
            {
                return $"'{text}' has something after ']' at position {at + 1}; write a dot or a bracket there.";
            }

            var end = text.AsSpan(at).IndexOfAny('.', '[') is >= 0 and var length ? at + length : text.Length;
            if (end == at && (at == text.Length || text[at] != '['))
            {
                return $"'{text}' has an empty name at position {at + 1}; write names with single dots between them, or '.' for the whole answer.";
            }

            if (end > at)
            {
                segments.Add(new Segment(Encoding.UTF8.GetBytes(text[at..end])));
            }

            at = end;
        }

        return text.Length == 0 ? "the path is empty; write '.' for the whole answer." : null;
    }

    private static string? ParseBracket(string text, ref int at, List<Segment> segments)
    {
        var quote = at + 1 < text.Length && text[at + 1] is '\'' or '"' ? text[at + 1] : '\0';
        var close = quote == '\0' ? text.IndexOf(']', at) : text.IndexOf($"{quote}]", at + 2, StringComparison.Ordinal) is >= 0 and var end ? end + 1 : -1;
        if (close < 0)
        {
            return $"'{text}' has a '[' at position {at + 1} that is not closed.";
        }

        var inner = quote == '\0' ? text[(at + 1)..close] : text[(at + 2)..(close - 1)];
        if (quote != '\0')
        {
            segments.Add(new Segment(Encoding.UTF8.GetBytes(inner)));
        }
        else if (inner == "*")
        {
            segments.Add(new Segment(null, Segment.Any));
        }
        else if (int.TryParse(inner, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
        {
            segments.Add(new Segment(null, index));
        }
        else
        {
            return $"'{text}' has '[{inner}]'; allowed are [0], [*] and ['name'].";
        }

        at = close + 1;
        return null;
    }

    private readonly record struct Segment(byte[]? Key, int Index = -1)
    {
        public const int Any = -2;

        public bool IsAny => Index == Any;
    }
}
