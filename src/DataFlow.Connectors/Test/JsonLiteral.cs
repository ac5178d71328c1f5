using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>A text that is written again and again, as the inside of a JSON string.</summary>
internal sealed class JsonLiteral
{
    public JsonLiteral(string text)
    {
        Text = Encoding.UTF8.GetBytes(text);
        Inside = [.. JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes];
        Kind = Text.AsSpan().SequenceEqual(Inside) ? FieldKind.JsonString : FieldKind.JsonStringEscaped;
    }

    /// <summary>The text itself.</summary>
    public byte[] Text { get; }

    /// <summary>What stands between the quotes.</summary>
    public byte[] Inside { get; }

    /// <summary>With or without escapes.</summary>
    public FieldKind Kind { get; }
}
