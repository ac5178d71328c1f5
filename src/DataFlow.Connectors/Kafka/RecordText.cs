using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace DataFlow.Connectors;

/// <summary>A text made of a record: fixed parts, fields (<c>{id}</c>) and metadata (<c>{@topic}</c>). Immutable, thread-safe.</summary>
internal sealed class RecordText
{
    private readonly IReadOnlyList<Part> _parts;

    private RecordText(IReadOnlyList<Part> parts) => _parts = parts;

    /// <summary>Reads a text in braces style.</summary>
    /// <returns>What is wrong with it; null when it was read.</returns>
    public static string? TryParse(string text, out RecordText parsed)
    {
        var parts = new List<Part>();
        parsed = new RecordText(parts);
        for (var at = 0; at < text.Length;)
        {
            var open = text.IndexOf('{', at);
            if (open < 0)
            {
                parts.Add(Part.Fixed(text[at..]));
                break;
            }

            if (open > at)
            {
                parts.Add(Part.Fixed(text[at..open]));
            }

            var close = text.IndexOf('}', open);
            if (close <= open + 1)
            {
                return $"In '{text}' a brace at character {open + 1} is not closed or holds no name; write {{field}} or {{@metadata}}.";
            }

            parts.Add(Part.Reference(text[(open + 1)..close]));
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

        return new RecordText([Part.Reference(text)]);
    }

    /// <summary>Appends the text of a row as UTF-8; metadata that are bytes as they are.</summary>
    /// <returns>False when the row lacks a part of it: what was appended is of no use then.</returns>
    public bool TryAppend(RecordBatch batch, int row, ArrayBufferWriter<byte> output)
    {
        for (var index = 0; index < _parts.Count; index++)
        {
            var part = _parts[index];
            var isThere = part switch
            {
                { Text: { } text } => Append(output, text),
                { IsMetadata: true } => TryAppendMetadata(batch, row, part.Name, output),
                _ => TryAppendField(batch, row, part.Name, output),
            };
            if (!isThere)
            {
                return false;
            }
        }

        return true;
    }

    private static bool Append(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> text)
    {
        output.Write(text);
        return true;
    }

    private static bool TryAppendField(RecordBatch batch, int row, string name, ArrayBufferWriter<byte> output)
    {
        var column = batch.Schema.IndexOf(name);
        return column >= 0
            && batch.Field(row, column).Kind is not (FieldKind.Null or FieldKind.Absent or FieldKind.Unchanged)
            && Append(output, batch.Utf8(row, column));
    }

    private static bool TryAppendMetadata(RecordBatch batch, int row, string name, ArrayBufferWriter<byte> output)
    {
        const int MostDigits = 20;
        var metadata = batch.Metadata;
        var index = metadata.IndexOf(name);
        if (index < 0)
        {
            return false;
        }

        if (metadata.IsNumber(index))
        {
            Utf8Formatter.TryFormat(metadata.NumberOf(index, row), output.GetSpan(MostDigits), out var digits);
            output.Advance(digits);
            return true;
        }

        if (metadata.TryBytesOf(index, row, out var bytes))
        {
            return Append(output, bytes);
        }

        if (metadata.TextOf(index, row) is not { } text)
        {
            return false;
        }

        Encoding.UTF8.GetBytes(text, output);
        return true;
    }

    /// <param name="Text">A fixed part as UTF-8; null for a reference.</param>
    /// <param name="Name">The name of what is referred to.</param>
    /// <param name="IsMetadata">It is metadata, not a field.</param>
    private readonly record struct Part(byte[]? Text, string Name, bool IsMetadata)
    {
        public static Part Fixed(string text) => new(Encoding.UTF8.GetBytes(text), "", false);

        public static Part Reference(string name) => name.StartsWith('@') ? new Part(null, name[1..], true) : new Part(null, name, false);
    }
}
