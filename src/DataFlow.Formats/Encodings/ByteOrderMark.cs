namespace DataFlow.Formats;

/// <summary>
/// The byte order mark at the start of a file. It says how the file is written more reliably than a setting does, so the
/// encoding it names is used instead of the configured one. It is no data and always removed.
/// </summary>
public static class ByteOrderMark
{
    /// <summary>The most bytes that a mark has: look at that many, unless the file is shorter.</summary>
    public const int MaxLength = 4;

    /// <summary>Looks for a mark of UTF-8, UTF-16 or UTF-32.</summary>
    /// <param name="head">The first bytes of the file, <see cref="MaxLength"/> or all there are.</param>
    /// <returns>The encoding that the mark names and its length; null and 0 when there is none.</returns>
    public static (string? Encoding, int Length) Detect(ReadOnlySpan<byte> head) => head switch
    {
        [0xEF, 0xBB, 0xBF, ..] => ("UTF-8", 3),
        [0xFF, 0xFE, 0x00, 0x00, ..] => ("UTF-32LE", 4),
        [0x00, 0x00, 0xFE, 0xFF, ..] => ("UTF-32BE", 4),
        [0xFF, 0xFE, ..] => ("UTF-16LE", 2),
        [0xFE, 0xFF, ..] => ("UTF-16BE", 2),
        _ => (null, 0),
    };
}
