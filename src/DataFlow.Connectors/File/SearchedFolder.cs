using Microsoft.Extensions.FileSystemGlobbing.Abstractions;

namespace DataFlow.Connectors;

/// <summary>
/// A folder in which a pattern looks for files. Links to folders are followed, but not back into a folder that the search is
/// in already: it would never end.
/// </summary>
internal sealed class SearchedFolder : DirectoryInfoBase
{
    private readonly DirectoryInfoBase _folder;
    private readonly SearchedFolder? _above;
    private readonly string _realPath;

    /// <summary>Starts a search.</summary>
    public SearchedFolder(string path)
        : this(new DirectoryInfoWrapper(new DirectoryInfo(path)), null)
    {
    }

    private SearchedFolder(DirectoryInfoBase folder, SearchedFolder? above)
    {
        _folder = folder;
        _above = above;
        var info = new DirectoryInfo(folder.FullName);
        _realPath = info.LinkTarget is not null && info.ResolveLinkTarget(returnFinalTarget: true) is { } target
            ? Path.TrimEndingDirectorySeparator(target.FullName)
            : info.FullName;
    }

    /// <inheritdoc/>
    public override string Name => _folder.Name;

    /// <inheritdoc/>
    public override string FullName => _folder.FullName;

    /// <inheritdoc/>
    public override DirectoryInfoBase? ParentDirectory => _above ?? _folder.ParentDirectory;

    /// <inheritdoc/>
    public override IEnumerable<FileSystemInfoBase> EnumerateFileSystemInfos()
    {
        foreach (var entry in _folder.EnumerateFileSystemInfos())
        {
            if (entry is not DirectoryInfoBase folder)
            {
                yield return entry;
            }
            else if (new SearchedFolder(folder, this) is { IsCircle: false } inner)
            {
                yield return inner;
            }
        }
    }

    /// <inheritdoc/>
    public override DirectoryInfoBase? GetDirectory(string path) =>
        _folder.GetDirectory(path) is { } folder ? new SearchedFolder(folder, this) : null;

    /// <inheritdoc/>
    public override FileInfoBase? GetFile(string path) => _folder.GetFile(path);

    private bool IsCircle
    {
        get
        {
            for (var above = _above; above is not null; above = above._above)
            {
                if (above._realPath == _realPath)
                {
                    return true;
                }
            }

            return false;
        }
    }
}
