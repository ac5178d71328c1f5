using Microsoft.Extensions.FileSystemGlobbing;

namespace DataFlow.Connectors;

/// <summary>A file that is there.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Name">As people wrote it, for metadata.</param>
/// <param name="Stat">What the system knows about it.</param>
internal readonly record struct FoundFile(string Path, string Name, FileStat Stat);

/// <summary>
/// The files that a connection means: one path, or a pattern in which <c>*</c> stands for a part of a name and <c>**</c> for
/// any folders.
/// </summary>
internal sealed class FilePattern
{
    private readonly SourceSettings _settings;
    private readonly FileSourceOptions _options;
    private readonly Matcher? _matcher;
    private readonly string? _completed;

    public FilePattern(SourceSettings settings, FileSourceOptions options)
    {
        _settings = settings;
        _options = options;
        _completed = options.MoveTo.Length > 0 ? Path.GetFullPath(options.MoveTo, settings.BaseDirectory) : null;
        var path = settings.Connection;
        var wildcard = path.IndexOf('*', StringComparison.Ordinal);
        if (wildcard < 0 || File.Exists(path))
        {
            Folder = Path.GetDirectoryName(path) ?? path;
            Text = Path.GetFileName(path);
            return;
        }

        var folderEnd = path.LastIndexOf(Path.DirectorySeparatorChar, wildcard);
        Folder = folderEnd <= 0 ? path[..(folderEnd + 1)] : path[..folderEnd];
        Text = path[(folderEnd + 1)..];
        _matcher = new Matcher(StringComparison.Ordinal).AddInclude(Text);
        if (options.Exclude.Length > 0)
        {
            _matcher.AddExclude(options.Exclude);
        }
    }

    /// <summary>True when any number of files may match.</summary>
    public bool IsPattern => _matcher is not null;

    /// <summary>The folder that holds them all.</summary>
    public string Folder { get; }

    /// <summary>What is wanted in the folder.</summary>
    public string Text { get; }

    /// <summary>The matching files that are there now, in the configured order.</summary>
    /// <exception cref="ConnectorException">The path is a folder or a device, or a folder may not be searched.</exception>
    public IReadOnlyList<FoundFile> Find()
    {
        try
        {
            List<FoundFile> found = [.. _matcher is null ? FindOne() : FindAll(_matcher)];
            if (ClosedAmong(found) is { } problem)
            {
                throw ConnectorException.User(problem);
            }

            return _options.Order == FileOrder.Modified
                ? [.. found.OrderBy(file => file.Stat.Modified).ThenBy(file => file.Path, StringComparer.Ordinal)]
                : [.. found.OrderBy(file => file.Path, StringComparer.Ordinal)];
        }
        catch (UnauthorizedAccessException e)
        {
            throw FileFaults.NoPermission(_matcher is null ? _settings.Connection : Folder, e);
        }
        catch (IOException e)
        {
            throw FileFaults.CannotRead(_settings.Connection, e);
        }
    }

    /// <summary>True when a file beside those that were found may be read.</summary>
    public bool IsOpen(string path) => _settings.ProblemWithFile?.Invoke(path) is null;

    /// <summary>The first file that a link leads to and that is closed to pipelines.</summary>
    private string? ClosedAmong(List<FoundFile> found)
    {
        if (_settings.ProblemWithFile is not { } problemWith)
        {
            return null;
        }

        // A folder is followed once, for all files in it.
        var links = found.Where(file => new FileInfo(file.Path).LinkTarget is not null).Select(file => file.Path);
        var folders = found.Select(file => Path.GetDirectoryName(file.Path)!).Distinct(StringComparer.Ordinal);
        return folders.Concat(links).Select(problemWith).FirstOrDefault(problem => problem is not null);
    }

    /// <summary>
    /// Those of the files that this instance reads. A file belongs to an instance by its name below the folder, so that each one has
    /// exactly one reader, also those that come later.
    /// </summary>
    public List<FoundFile> Ours(IReadOnlyList<FoundFile> found) => _settings.Share.IsWhole
        ? [.. found]
        : [.. found.Where(file => _settings.Share.Holds(Path.GetRelativePath(Folder, file.Path).Replace(Path.DirectorySeparatorChar, '/')))];

    private IEnumerable<FoundFile> FindOne()
    {
        var path = _settings.Connection;
        return FileStat.Of(path) switch
        {
            null => [],
            { Kind: FileKind.Folder } => throw FileFaults.IsFolder(path, _options.Format),
            { Kind: FileKind.Other } => throw FileFaults.IsNoRegularFile(path),
            { } stat => [new FoundFile(path, _settings.ConfiguredConnection, stat)],
        };
    }

    private List<FoundFile> FindAll(Matcher matcher)
    {
        var found = new List<FoundFile>();
        foreach (var match in matcher.Execute(new SearchedFolder(Folder)).Files)
        {
            var path = Path.Join(Folder, match.Path);
            if (!IsCompleted(path) && FileStat.Of(path) is { Kind: FileKind.Regular } stat)
            {
                found.Add(new FoundFile(path, NameOf(path), stat));
            }
        }

        return found;
    }

    private bool IsCompleted(string path) =>
        _completed is not null && path.StartsWith(_completed + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private string NameOf(string path) =>
        Path.IsPathRooted(_settings.ConfiguredConnection) ? path : Path.GetRelativePath(_settings.BaseDirectory, path);
}
