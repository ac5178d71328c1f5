using System.Globalization;
using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>What can be wrong with a file, as sentences for people: where, what was found, what to do.</summary>
internal static class FileFaults
{
    private const string StartOver = "Put that file back, or start over with --fresh (or `dataflow state reset`).";

    public static ConnectorException NotFound(string path, SourceSettings settings) => ConnectorException.User(
        $"File not found: {path}. Check that the file exists when the pipeline runs and that its folders may be searched, "
        + "and give an absolute path"
        + (Path.IsPathRooted(settings.ConfiguredConnection)
            ? "."
            : $"; '{settings.ConfiguredConnection}' is relative and starts at {settings.BaseDirectory}."));

    public static ConnectorException NothingMatches(FilePattern pattern) => ConnectorException.User(
        Directory.Exists(pattern.Folder)
            ? $"File not found: no file matches {pattern.Text} in {pattern.Folder}. "
                + "Check the pattern: * stands for any part of a name, ** for any folders."
            : $"File not found: the folder {pattern.Folder} does not exist, so nothing matches {pattern.Text}. Check the path.");

    public static ConnectorException IsFolder(string path, RecordFormat format)
    {
        var extension = format switch { RecordFormat.Csv => "csv", RecordFormat.Text => "txt", _ => "json" };
        return ConnectorException.User(
            $"{path} is a folder, not a file. To read the files in it, write {Path.Join(path, "*." + extension)} as the connection.");
    }

    public static ConnectorException IsNoRegularFile(string path) => ConnectorException.User(
        $"{path} is a device, a pipe or a socket. It can't be read again after a restart; write its content to a file first.");

    /// <summary>Names the right that is missing: to read the file, or to search a folder above it.</summary>
    public static ConnectorException NoPermission(string path, Exception cause)
    {
        var (place, right) = MissingRight(path);
        var mode = OperatingSystem.IsWindows() ? "" : ModeOf(place);
        return ConnectorException.User(
            $"Permission denied: {path} can't be read. The user '{Environment.UserName}' needs the right to {right} {place}{mode}.", cause);
    }

    public static ConnectorException CannotRead(string path, IOException cause) =>
        ConnectorException.External($"{path} can't be read: {cause.Message}", cause);

    public static ConnectorException BelongsToAnotherFile(FilePosition known, FileStat found)
    {
        var place = string.Create(
            CultureInfo.InvariantCulture, $"The state stands at line {known.Reader.Line}, byte {known.Bytes} of its text");
        var difference = found.Size < known.Stat.Size && found.Size < known.Bytes
            ? string.Create(CultureInfo.InvariantCulture, $"the file there now has only {found.Size} bytes")
            : "the file there now has other content before that place";
        return ConnectorException.User(
            $"The state belongs to another file: {known.Path} was replaced or shortened since it was read. "
            + $"{place}; {difference}. {StartOver}");
    }

    public static string Shortened(string path, long before, long now, long line) => string.Create(
        CultureInfo.InvariantCulture,
        $"{path} was shortened while it was read, from {before} to {now} bytes. {KeptUpTo(line)} {StartOver}");

    public static string Damaged(string path, long line) => string.Create(
        CultureInfo.InvariantCulture, $"{path} is compressed and damaged or cut off: it does not end as it should. {KeptUpTo(line)} ")
        + "Put the complete file there and run again; reading goes on after that line.";

    private static string KeptUpTo(long line) =>
        string.Create(CultureInfo.InvariantCulture, $"What came before, up to line {line}, was read and is kept.");

    private static (string Place, string Right) MissingRight(string path)
    {
        var folder = Path.GetPathRoot(path);
        for (; folder is { Length: > 0 } && folder.Length < path.Length; folder = NextFolder(path, folder))
        {
            try
            {
                FileStat.Of(Path.Join(folder, "."));
            }
            catch (UnauthorizedAccessException)
            {
                return (folder, "search the folder");
            }
        }

        return (path, Directory.Exists(path) ? "list the folder" : "read");
    }

    private static string NextFolder(string path, string folder)
    {
        var end = path.IndexOf(Path.DirectorySeparatorChar, Math.Min(path.Length, Path.TrimEndingDirectorySeparator(folder).Length + 1));
        return end < 0 ? path : path[..end];
    }

    private static string ModeOf(string place)
    {
        try
        {
#pragma warning disable CA1416 // Asked only where there are Unix modes.
            return $", whose mode is {Convert.ToString((int)File.GetUnixFileMode(place), 8)}";
#pragma warning restore CA1416
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
