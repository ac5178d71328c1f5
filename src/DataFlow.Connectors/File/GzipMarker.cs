using System.IO.Compression;

namespace DataFlow.Connectors;

/// <summary>
/// The platform's gzip stream verifies checksums, but it ends quietly when its input is cut off. So a member with a known content is put
/// after the end: only when everything before it was whole does that content come out.
/// </summary>
internal static class GzipMarker
{
    private static readonly byte[] Marker = "DataFlow: everything before this is whole."u8.ToArray();

    /// <summary>What to put after the end of the input.</summary>
    public static ReadOnlyMemory<byte> Member { get; } = Compress();

    /// <summary>Room for what comes out then, and for one byte more.</summary>
    public static int Length => Marker.Length + 1;

    /// <summary>True when this is all that came out.</summary>
    public static bool Is(ReadOnlySpan<byte> rest) => rest.SequenceEqual(Marker);

    private static byte[] Compress()
    {
        using var member = new MemoryStream();
        using (var gzip = new GZipStream(member, CompressionLevel.Fastest))
        {
            gzip.Write(Marker);
        }

        return member.ToArray();
    }
}
