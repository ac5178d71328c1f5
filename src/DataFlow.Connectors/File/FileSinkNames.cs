using System.Globalization;

namespace DataFlow.Connectors;

/// <summary>The names of an output that may be several files: <c>users.ndjson</c>, <c>users-000001.ndjson</c>, ...</summary>
/// <param name="path">Absolute path of the first file.</param>
internal sealed class FileSinkNames(string path)
{
    private static readonly string[] CompressionSuffixes = [".gz", ".gzip", ".zst", ".zstd"];

    private readonly string _suffix = SuffixOf(System.IO.Path.GetFileName(path));

    public string First => path;

    public string Folder => System.IO.Path.GetDirectoryName(path)!;

    /// <summary>The path of the file with a number.</summary>
    public string PathOf(int segment) => segment == 0
        ? path
        : string.Create(CultureInfo.InvariantCulture, $"{path[..^_suffix.Length]}-{segment:000000}{_suffix}");

    /// <summary>Everything from the extension on; <c>.ndjson.gz</c> counts as one.</summary>
    private static string SuffixOf(string name)
    {
        var suffix = System.IO.Path.GetExtension(name);
        if (CompressionSuffixes.Contains(suffix, StringComparer.OrdinalIgnoreCase))
        {
            suffix = System.IO.Path.GetExtension(name[..^suffix.Length]) + suffix;
        }

        return suffix.Length == name.Length ? "" : suffix;
    }
}
