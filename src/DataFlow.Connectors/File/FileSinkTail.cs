using System.Globalization;
using System.IO.Hashing;

namespace DataFlow.Connectors;

/// <summary>A hash of the last committed bytes of a file: evidence that nobody else has changed it.</summary>
internal static class FileSinkTail
{
    private const int MaxBytes = 4096;

    /// <summary>The hash of the bytes before a position.</summary>
    public static string Of(IOutputFile file, long length)
    {
        var bytes = new byte[(int)Math.Min(length, MaxBytes)];
        var read = file.Read(bytes, length - bytes.Length);
        return string.Create(CultureInfo.InvariantCulture, $"{read}:{XxHash3.HashToUInt64(bytes.AsSpan(0, read)):x16}");
    }
}
