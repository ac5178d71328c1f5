using System.Text;

namespace DataFlow.Connectors;

/// <summary>A text made of a record: fixed parts, fields (<c>{id}</c>) and metadata (<c>{@topic}</c>). Immutable, thread-safe.</summary>
internal sealed class RecordText
{
    private readonly IReadOnlyList<(string Text, bool IsReference)> _parts;

    private RecordText(IReadOnlyList<(string Text, bool IsReference)> parts) => _parts = parts;

    /// <summary>Reads a text in braces style.</summary>
    /// <returns>What is wrong with it; null when it was read.</returns>
    public static string? TryParse(string text, out RecordText parsed)
    {
        var parts = new List<(string, bool)>();
        parsed = new RecordText(parts);
        for (var at = 0; at < text.Length;)
        {
            var open = text.IndexOf('{', at);
            if (open < 0)
            {
                parts.Add((text[at..], false));
                break;
            }

            if (open > at)
            {
                parts.Add((text[at..open], false));
            }

            var close = text.IndexOf('}', open);
            if (close <= open + 1)
            {
                return $"In '{text}' a brace at character {open + 1} is not closed or holds no name; write {{field}} or {{@metadata}}.";
            }

            parts.Add((text[(open + 1)..close], true));
            at = close + 1;
        }

        return null;
    }

    /// <summary>A text that is one field or metadata: <c>id</c>, <c>@topic</c>; one with braces is read as such.</summary>
    public static RecordText Reference(string text)
    {
        if (text.Contains('{', StringComparison.Ordinal))
        {
            TryParse(text, out var parsed);
            return parsed;
        }

        return new RecordText([(text, true)]);
    }

    /// <summary>The text of a row; null when the row lacks a part of it.</summary>
    public string? Of(RecordBatch batch, int row)
    {
        if (_parts is [var single])
        {
            return single.IsReference ? ValueOf(batch, row, single.Text) : single.Text;
        }

        var text = new StringBuilder();
        foreach (var part in _parts)
        {
            var value = part.IsReference ? ValueOf(batch, row, part.Text) : part.Text;
            if (value is null)
            {
                return null;
            }

            text.Append(value);
        }

        return text.ToString();
    }

    private static string? ValueOf(RecordBatch batch, int row, string name)
    {
        if (name.StartsWith('@'))
        {
            return batch.Metadata.IndexOf(name[1..]) is >= 0 and var index ? batch.Metadata.TextOf(index, row) : null;
        }

        var column = batch.Schema.IndexOf(name);
        return column < 0 || batch.Field(row, column).Kind is FieldKind.Null or FieldKind.Absent or FieldKind.Unchanged
            ? null
            : Encoding.UTF8.GetString(batch.Utf8(row, column));
    }
}
