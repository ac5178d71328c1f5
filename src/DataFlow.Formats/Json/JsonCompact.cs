namespace DataFlow.Formats;

/// <summary>Takes the white space between JSON tokens away.</summary>
internal static class JsonCompact
{
    /// <summary>Copies valid JSON without the white space between its tokens. The output may be the input.</summary>
    /// <returns>Length of the copy.</returns>
    public static int Copy(ReadOnlySpan<byte> json, Span<byte> output)
    {
        var written = 0;
        var isInString = false;
        for (var at = 0; at < json.Length; at++)
        {
            var value = json[at];
            if (isInString && value == (byte)'\\')
            {
                output[written++] = value;
                value = json[++at];
            }
            else if (value == (byte)'"')
            {
                isInString = !isInString;
            }
            else if (!isInString && value <= (byte)' ')
            {
                continue;
            }

            output[written++] = value;
        }

        return written;
    }

    /// <summary>As <see cref="Copy"/>, onto itself.</summary>
    public static int InPlace(Span<byte> json) => Copy(json, json);
}
