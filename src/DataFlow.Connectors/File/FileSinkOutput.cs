using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>
/// The bytes of a file sink, in one file or several: opened where the last commit ended, made durable by each commit. Knows
/// nothing of records.
/// </summary>
internal sealed class FileSinkOutput : IDisposable
{
    private readonly FileSinkNames _names;
    private readonly FileSinkOptions _options;
    private readonly IFileOperations _files;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly List<string> _changedFolders = [];
    private FileSinkSegment? _segment;
    private IDisposable? _firstFileLock;
    private int _number;
    private DateTimeOffset? _since;
    private bool _isStream;

    public FileSinkOutput(string path, FileSinkOptions options, IFileOperations files, TimeProvider time, ILogger logger)
    {
        _names = new FileSinkNames(path);
        _options = options;
        _files = files;
        _time = time;
        _logger = logger;
    }

    /// <summary>True when the current file has no bytes yet.</summary>
    public bool IsEmpty => _segment!.IsEmpty;

    /// <summary>True when the current file is full and a commit would let the next one start.</summary>
    public bool WantsCommit => _segment!.IsDirty && IsRotationDue;

    private bool IsRotationDue =>
        (_options.RotateBytes.Bytes > 0 && _segment!.Length >= _options.RotateBytes.Bytes)
        || (_options.RotateInterval > TimeSpan.Zero && _since is { } since && _time.GetUtcNow() - since >= _options.RotateInterval);

    /// <summary>Opens the output and takes back everything after the last commit.</summary>
    /// <param name="state">The last commit, or null when there was none.</param>
    /// <param name="former">The last commit before the pipeline was started over: its output is replaced.</param>
    /// <exception cref="ConnectorException">It can't be written, or isn't what the last commit left.</exception>
    public void Open(FileSinkState? state, FileSinkState? former = null)
    {
        var opener = new FileSinkOpener(_names, _options, _files, _logger);
        try
        {
            _changedFolders.AddRange(opener.PrepareFolder());
            var opened = opener.Open(state, former);
            _segment = new FileSinkSegment(opened.File, _names.PathOf(opened.Segment), opened.Length, _options.Compression);
            _firstFileLock = opened.FirstFileLock;
            _number = opened.Segment;
            _isStream = opened.IsStream;
            _since = state?.Since;
        }
        catch (Exception e) when (FileSinkFailure.IsFromFileSystem(e))
        {
            throw FileSinkFailure.ToOpen(_names.First, e);
        }

        CrashPoint.Reach(CrashPoint.AfterSinkOpen);
    }

    /// <summary>True when the bytes of the current file start with these.</summary>
    public bool StartsWith(ReadOnlySpan<byte> bytes)
    {
        var found = new byte[bytes.Length];
        return _segment!.Read(found, 0) == found.Length && bytes.SequenceEqual(found);
    }

    /// <summary>True when the current file ends in the middle of a line, as somebody else's may.</summary>
    public bool EndsInsideLine()
    {
        Span<byte> last = stackalloc byte[1];
        return !IsEmpty && _segment!.Read(last, _segment.Length - 1) == 1 && last[0] != (byte)'\n';
    }

    /// <summary>Adds bytes to the current file.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        if (!bytes.IsEmpty)
        {
            _since ??= _time.GetUtcNow();
            await _segment!.WriteAsync(bytes, ct).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Starts the next file if the current one is full. Only right after a commit, so that a full file is a committed one.
    /// </summary>
    public ValueTask RotateIfDueAsync(CancellationToken ct) =>
        !_isStream && !_segment!.IsDirty && !_segment.IsEmpty && IsRotationDue ? RotateAsync(ct) : ValueTask.CompletedTask;

    /// <summary>Completes the current file and starts the next one. Until the next commit a restart removes it again.</summary>
    public async ValueTask RotateAsync(CancellationToken ct)
    {
        if (_isStream)
        {
            throw ConnectorException.User($"{_names.First} is no regular file, so there can be no next one. Remove the rotation, "
                + "or set on-new-field to drop-counted.");
        }

        if (_segment!.IsDirty)
        {
            await _segment.SyncAsync(ct).ConfigureAwait(false);
        }

        var path = _names.PathOf(_number + 1);
        try
        {
            var file = OpenNext(path);
            if (_number > 0)
            {
                _segment.Dispose();
            }
            else
            {
                _firstFileLock = _segment;
            }

            _segment = new FileSinkSegment(file, path, 0, _options.Compression);
        }
        catch (Exception e) when (FileSinkFailure.IsFromFileSystem(e))
        {
            throw FileSinkFailure.ToOpen(path, e);
        }

        _number++;
        _since = null;
        _changedFolders.Add(_names.Folder);
        CrashPoint.Reach(CrashPoint.AfterRotate);
    }

    /// <summary>Makes everything durable and says how far it reaches; null for a pipe or device.</summary>
    public async ValueTask<FileSinkState?> CommitAsync(CancellationToken ct)
    {
        if (_isStream)
        {
            return null;
        }

        if (_segment!.IsDirty || _changedFolders.Count > 0)
        {
            await _segment.SyncAsync(ct).ConfigureAwait(false);
        }

        SyncFolders();
        return new FileSinkState
        {
            Path = _names.First,
            Segment = _number,
            Length = _segment.Length,
            Tail = _segment.Tail(),
            Since = _since,
            Rotates = _options.CanRotate,
        };
    }

    public void Dispose()
    {
        _segment?.Dispose();
        _firstFileLock?.Dispose();
    }

    private IOutputFile OpenNext(string path)
    {
        if (_files.KindOf(path) is null)
        {
            return _files.Open(path, FileMode.CreateNew);
        }

        if (_options.IfExists != IfExistsPolicy.Overwrite)
        {
            throw ConnectorException.User(
                $"The next file of the output, {path}, is there already and isn't ours. Move or delete it, or set if-exists to overwrite.");
        }

        var file = _files.Open(path, FileMode.Open);
        file.SetLength(0);
        return file;
    }

    private void SyncFolders()
    {
        try
        {
            foreach (var folder in _changedFolders.Distinct())
            {
                _files.SyncFolder(folder);
            }
        }
        catch (Exception e) when (FileSinkFailure.IsFromFileSystem(e))
        {
            _segment!.Fail();
            throw FileSinkFailure.ToWrite(_names.First, e);
        }

        if (_changedFolders.Count > 0)
        {
            _changedFolders.Clear();
            CrashPoint.Reach(CrashPoint.AfterFolderFsync);
        }
    }
}
