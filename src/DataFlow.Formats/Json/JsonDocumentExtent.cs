using System.Text.Json;

namespace DataFlow.Formats;

/// <summary>How far the JSON value at the start of some bytes goes.</summary>
/// <param name="Length">Its length in bytes; 0 when it isn't complete or not valid.</param>
/// <param name="Depth">Objects and arrays inside each other, the outermost included.</param>
/// <param name="Fault">What is wrong with it, or null.</param>
internal readonly record struct JsonDocumentExtent(int Length, int Depth, JsonException? Fault = null)
{
    /// <summary>The value is whole and valid.</summary>
    public bool IsComplete => Length > 0;

    /// <summary>The value is valid as far as it is there.</summary>
    public bool IsCut => Length == 0 && Fault is null;

    /// <summary>Reads the value once, against all of the grammar.</summary>
    /// <param name="bytes">Start with the value's first byte.</param>
    /// <param name="isFinal">No bytes follow: a number at the end is complete.</param>
    public static JsonDocumentExtent Of(ReadOnlySpan<byte> bytes, bool isFinal)
    {
        var extent = Walk(bytes, isFinal: false);
        if (extent.IsCut && isFinal)
        {
            extent = Walk(bytes, isFinal: true);
            return extent.IsComplete ? extent : default;
        }

        return extent;
    }

    private static JsonDocumentExtent Walk(ReadOnlySpan<byte> bytes, bool isFinal)
    {
        // The depth is bounded by the caller: an element that is too deep is whole all the same.
        var options = new JsonReaderOptions { MaxDepth = int.MaxValue };
        var reader = new Utf8JsonReader(bytes, isFinal, new JsonReaderState(options));
        var depth = 0;
        try
        {
            while (reader.Read())
            {
                var isOpening = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
                if (isOpening)
                {
                    depth = Math.Max(depth, reader.CurrentDepth + 1);
                }
                else if (reader.CurrentDepth == 0)
                {
                    return new JsonDocumentExtent((int)reader.BytesConsumed, depth);
                }
            }

            return default;
        }
        catch (JsonException fault)
        {
            return new JsonDocumentExtent(0, depth, fault);
        }
    }
}
