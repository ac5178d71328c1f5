using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace DataFlow.Connectors;

/// <summary>
/// What is known of each file that was ever read: the stored positions and, on top of them, what this run has read. A file
/// keeps its split under every name that it gets.
/// </summary>
internal sealed class FileHistory
{
    private readonly Dictionary<string, FilePosition> _byKey = [];
    private readonly Dictionary<ulong, List<string>> _byInode = [];
    private readonly Dictionary<string, List<string>> _byPath = [];
    private readonly HashSet<string> _followed = [];
    private readonly SourceContext _context;
    private readonly string _encoding;
    private Dictionary<string, FilePosition>? _displaced;

    public FileHistory(SourceContext context, string encoding)
    {
        _context = context;
        _encoding = encoding;
        foreach (var key in context.KnownSplits)
        {
            if (context.PositionOf(key) is { } stored && FilePosition.Parse(stored) is { } position)
            {
                Record(key, position);
            }
        }
    }

    /// <summary>Every known file.</summary>
    public IEnumerable<KeyValuePair<string, FilePosition>> Known => _byKey;

    /// <summary>How many lines of the file at a path somebody asked to skip; null when nobody did, or when it was done.</summary>
    public long? RequestFor(string path) => _followed.Contains(path) ? null : LinePosition.Pending(_context.PositionOf(path));

    /// <summary>Remembers that lines were skipped as requested: the next file at the path starts at its beginning.</summary>
    public void Follow(string path) => _followed.Add(path);

    /// <summary>Remembers how far a file has been read.</summary>
    public void Record(string key, FilePosition position)
    {
        if (!_byKey.TryGetValue(key, out var before) || before.Path != position.Path || before.Stat.Inode != position.Stat.Inode)
        {
            AddTo(_byPath, position.Path, key);
            AddTo(_byInode, position.Stat.Inode, key);
        }

        _byKey[key] = position;
    }

    /// <summary>True when the file has been dealt with and nobody has touched it since: it needn't be opened.</summary>
    public bool IsSettled(FoundFile file) =>
        RequestFor(file.Path) is null
        && Near(file).Any(key => _byKey[key] is { Status: not FileStatus.Reading } position
            && (file.Stat.IsSameFile(position.Stat.Inode, position.Stat.Born) || (file.Stat.Inode == 0 && file.Path == position.Path))
            && file.Stat.Size == position.Stat.Size
            && file.Stat.Modified == position.Stat.Modified);

    /// <summary>Known files that this one may be, most likely first. What they hold decides.</summary>
    public IEnumerable<KeyValuePair<string, FilePosition>> Candidates(FoundFile file, FileReadMode mode)
    {
        var near =
            from key in Near(file).Distinct()
            let position = _byKey[key]
            let isSame = file.Stat.IsSameFile(position.Stat.Inode, position.Stat.Born)
            where isSame || IsNamed(file, position, mode)
            orderby isSame descending, position.Path == file.Path descending, position.Bytes descending
            select key;
        var heirs = mode == FileReadMode.Tail ? Displaced.Keys.Where(key => MayInherit(file, key)) : [];
        return near.ToList().Concat(heirs).Distinct().Select(key => KeyValuePair.Create(key, _byKey[key]));
    }

    /// <summary>The file that was last read under a path.</summary>
    public (string Key, FilePosition Position)? LastAt(string path) =>
        _byPath.TryGetValue(path, out var keys) ? (keys[^1], _byKey[keys[^1]]) : null;

    /// <summary>Files may have been moved or truncated since the last look.</summary>
    public void LookAgain() => _displaced = null;

    /// <summary>
    /// Names a file that is not known yet. The same file gets the same name again as long as nothing of it is stored; two
    /// files never share one, even when one has taken the other's place, inode and first line.
    /// </summary>
    public string NameOf(FoundFile file, ReadOnlySpan<byte> firstLine)
    {
        for (var incarnation = 0; ; incarnation++)
        {
            var hash = new XxHash64();
            var origin = string.Create(CultureInfo.InvariantCulture, $"{file.Stat.Inode} {file.Stat.Born} {incarnation}\n");
            hash.Append(Encoding.UTF8.GetBytes(origin));
            hash.Append(firstLine);
            var key = SplitName.Of(file.Path, hash.GetCurrentHashAsUInt64());
            if (!_byKey.ContainsKey(key))
            {
                return key;
            }
        }
    }

    /// <summary>
    /// A log that was compressed, or copied away and then truncated, goes on in another file beside the place where it was.
    /// </summary>
    public bool MayInherit(FoundFile file, string key) =>
        Displaced.TryGetValue(key, out var known)
        && Path.GetDirectoryName(file.Path) == Path.GetDirectoryName(known.Path)
        && StemOf(file.Path) == StemOf(known.Path);

    /// <summary>
    /// True when the file at a path still is a known one, at least as long as it was. One that was truncated and has grown again
    /// since is told by its first bytes.
    /// </summary>
    public bool IsStillAt(string path, FilePosition known)
    {
        if (FileStat.Of(path) is not { } there || !there.IsSameFile(known.Stat.Inode, known.Stat.Born) || there.Size < known.Stat.Size)
        {
            return false;
        }

        if (there.Size == known.Stat.Size && there.Modified == known.Stat.Modified)
        {
            return true;
        }

        using var handle = FileOpener.OpenHandle(path);
        if (handle is null)
        {
            return false;
        }

        using var bytes = new FileBytes(handle, _encoding);
        return FileEvidence.HasHead(bytes, known);
    }

    private static void AddTo<TKey>(Dictionary<TKey, List<string>> index, TKey by, string key)
        where TKey : notnull
    {
        if (!index.TryGetValue(by, out var keys))
        {
            index[by] = keys = [];
        }

        keys.Remove(key);
        keys.Add(key);
    }

    /// <summary>
    /// The name alone says little where files come and go: in a watched folder a file that was written anew is a new file even
    /// with the same content, and a rotated log may start as its predecessor did.
    /// </summary>
    private static bool IsNamed(FoundFile file, FilePosition known, FileReadMode mode) => file.Path == known.Path && mode switch
    {
        _ when file.Stat.Inode == 0 => true,
        FileReadMode.Watch => file.Stat.Modified == known.Stat.Modified,
        FileReadMode.Tail => TellsEnough(known),
        _ => true,
    };

    private static bool TellsEnough(FilePosition known) => known.Head.Length == FileEvidence.HeadLength;

    /// <summary>Known files that are not where they were, and of which enough is known to find them elsewhere.</summary>
    private Dictionary<string, FilePosition> Displaced => _displaced ??= _byKey
        .Where(known => TellsEnough(known.Value) && !IsStillAt(known.Value.Path, known.Value))
        .ToDictionary();

    private static string StemOf(string path) => Path.GetFileName(path).Split('.', '-', '_')[0];

    private IEnumerable<string> Near(FoundFile file)
    {
        IEnumerable<string> byPath = _byPath.GetValueOrDefault(file.Path) ?? [];
        return file.Stat.Inode != 0 && _byInode.TryGetValue(file.Stat.Inode, out var byInode) ? byInode.Concat(byPath) : byPath;
    }
}
