namespace DataFlow.Engine.Configuration;

/// <summary>Where a path leads once <c>..</c> and symbolic links are followed.</summary>
internal static class RealPath
{
    private const int MostLinks = 40;

    /// <summary>The absolute path without links, as far as it exists; without a separator at its end.</summary>
    public static string Of(string path) => Of(path, MostLinks);

    private static string Of(string path, int linksLeft)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var real = Path.GetPathRoot(full)!;
        foreach (var name in full[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            real = Path.Combine(real, name);
            if (linksLeft > 0 && new FileInfo(real).LinkTarget is { } target)
            {
                // One that turns in a circle stays what it is: nothing opens it.
                real = Of(Path.Combine(Path.GetDirectoryName(real)!, target), --linksLeft);
            }
        }

        return real;
    }
}
