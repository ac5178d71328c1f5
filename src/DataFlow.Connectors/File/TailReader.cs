using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>
/// Follows files that grow. A file that was renamed is read to its end before it is let go; one that was truncated starts
/// again; new ones are picked up.
/// </summary>
internal sealed class TailReader(FileSetup setup, FilePattern pattern, FileProgress progress)
{
    private const int BatchesPerTurn = 8;

    private readonly SourceContext _context = setup.Context;
    private readonly FileHistory _history = new(setup.Context, setup.Options.Encoding);
    private readonly List<Followed> _followed = [];
    private bool _isFirstLook = true;
    private bool _startsAtEnd;

    public async IAsyncEnumerable<RecordBatch> ReadAsync([EnumeratorCancellation] CancellationToken stop)
    {
        _startsAtEnd = setup.Options.StartAt == StartAt.End && !_history.Known.Any();
        var opener = new FileOpener(setup, _history);
        try
        {
            while (!stop.IsCancellationRequested)
            {
                var looked = _context.Time.GetTimestamp();
                foreach (var mark in Look(opener, stop))
                {
                    yield return mark;
                }

                bool isIdle;
                do
                {
                    isIdle = true;
                    foreach (var file in _followed.ToList())
                    {
                        for (var turn = 0; turn < BatchesPerTurn && !stop.IsCancellationRequested && Next(file) is { } batch; turn++)
                        {
                            isIdle = false;
                            progress.Add(batch.BytesRead);
                            yield return batch;
                        }

                        if (file.IsFinished)
                        {
                            LetGo(file);
                        }
                    }
                }
                while (!isIdle && !stop.IsCancellationRequested && _context.Time.GetElapsedTime(looked) < _context.PollInterval);

                if (isIdle && !stop.IsCancellationRequested)
                {
                    _context.CaughtUp();
                    if (_context.Until == Until.CaughtUp || !await Pause.For(_context, stop).ConfigureAwait(false))
                    {
                        break;
                    }
                }
            }
        }
        finally
        {
            _followed.ForEach(file => file.Split.Dispose());
            _followed.Clear();
        }
    }

    /// <summary>Sees which files have come, gone, moved or been truncated.</summary>
    /// <returns>Positions that are worth storing although nothing was read.</returns>
    private IEnumerable<RecordBatch> Look(FileOpener opener, CancellationToken stop)
    {
        _history.LookAgain();
        var all = pattern.Find();
        if (all.Count == 0 && _isFirstLook)
        {
            _context.Logger.LogInformation("{Connection} is not there yet; waiting for it.", setup.Settings.ConfiguredConnection);
        }

        foreach (var file in _followed)
        {
            var places = all.Where(file.IsAt).ToList();
            file.IsFound(places.Count > 0, _context.Time);
            if (places.Count > 0 && !places.Exists(place => place.Path == file.Split.Path))
            {
                _context.Logger.LogInformation("{Path} is {NewPath} now.", file.Split.Path, places[0].Path);
                file.Split.Path = places[0].Path;
            }
        }

        foreach (var file in _followed.Where(file => file.Split.WasRewritten()).ToList())
        {
            _context.Logger.LogWarning(
                "{Path} was truncated after line {Line} was read; it is read from its start. "
                + "What was written to it between the last look and the truncation can't be seen.",
                file.Split.Path,
                file.Split.Line);
            LetGo(file);
        }

        var found = pattern.Ours(all);
        var wanted = found.Where(file => !_history.IsSettled(file) && !_followed.Exists(followed => followed.IsAt(file))).ToList();
        foreach (var file in _isFirstLook ? Relatives(all) : [])
        {
            Follow(opener.Open(file, onlyKnown: true, stop));
        }

        foreach (var file in wanted)
        {
            if (Follow(opener.Open(file, onlyKnown: false, stop)) is { IsResumed: false } split && _startsAtEnd && _isFirstLook)
            {
                split.Skip(long.MaxValue, null, endIsFinal: false, stop);
                yield return split.Mark();
            }
        }

        if (_isFirstLook)
        {
            WarnOfLostEnds(wanted);
        }

        _isFirstLook = false;
        progress.Expect(_followed.Sum(file => Math.Max(0, file.Split.Stat.Size - file.Split.RawOffset)));
    }

    /// <summary>
    /// Files beside a known one that was not finished and isn't where it was: it may have been rotated while nobody looked.
    /// </summary>
    private List<FoundFile> Relatives(IReadOnlyList<FoundFile> found)
    {
        var relatives = new List<FoundFile>();
        foreach (var (key, known) in _history.Known.Where(known => known.Value.Status == FileStatus.Reading))
        {
            var folder = new DirectoryInfo(Path.GetDirectoryName(known.Path)!);
            var isFound = found.Any(file => file.Stat.IsSameFile(known.Stat.Inode, known.Stat.Born) && _history.IsStillAt(file.Path, known));
            if (isFound || !folder.Exists)
            {
                continue;
            }

            relatives.AddRange(
                from path in folder.EnumerateFiles().Select(file => file.FullName)
                where !found.Any(file => file.Path == path) && !relatives.Exists(file => file.Path == path)
                let stat = FileStat.Of(path)
                where stat is { Kind: FileKind.Regular } && pattern.IsOpen(path)
                let file = new FoundFile(path, path, stat.Value)
                where stat.Value.IsSameFile(known.Stat.Inode, known.Stat.Born) || _history.MayInherit(file, key)
                select file);
        }

        return relatives;
    }

    /// <summary>Says so when a file was truncated or replaced while nobody looked, and its rest was found nowhere else.</summary>
    private void WarnOfLostEnds(IEnumerable<FoundFile> files)
    {
        foreach (var file in files)
        {
            if (_history.LastAt(file.Path) is { Position: { Status: FileStatus.Reading } before, Key: var key }
                && !_followed.Exists(followed => followed.Split.Key == key))
            {
                _context.Logger.LogWarning(
                    "{Path} was truncated or replaced while it was not followed; it is read from its start. "
                    + "What had been written to it after line {Line} was not found and is missing.",
                    file.Path,
                    before.Reader.Line);
            }
        }
    }

    /// <summary>Takes a file up unless it is a copy of one that is followed already.</summary>
    private FileSplit? Follow(FileSplit? split)
    {
        if (split is null || _followed.Exists(file => file.Split.Key == split.Key))
        {
            split?.Dispose();
            return null;
        }

        // What goes on comes before what is new: the rest of a rotated log before its successor.
        _followed.Insert(split.IsResumed ? _followed.Count(file => file.Split.IsResumed) : _followed.Count, new Followed(split));
        return split;
    }

    private RecordBatch? Next(Followed file)
    {
        var split = file.Split;
        if (file.IsFinished)
        {
            return null;
        }

        if (split.Next(endIsFinal: false) is { } batch)
        {
            file.HasBeenRead(_context.Time);
            return batch;
        }

        if (split.IsStillDone)
        {
            file.IsFinished = true;
            return split.Mark();
        }

        var last = split.Damage is null && file.WasLostFor(setup.Options.RotateWait, _context.Time) ? split.Next(endIsFinal: true) : null;
        file.IsFinished = split.HasEnded;
        return split.Damage is { } damage && last is null ? throw ConnectorException.User(damage) : last;
    }

    private void LetGo(Followed file)
    {
        _history.Record(file.Split.Key, file.Split.Position);
        file.Split.Dispose();
        _followed.Remove(file);
    }

    /// <summary>A file that is held open, whatever becomes of its name.</summary>
    private sealed class Followed(FileSplit split)
    {
        private long? _lostSince;

        public FileSplit Split { get; } = split;

        public bool IsFinished { get; set; }

        public bool IsAt(FoundFile file) => file.Stat.Inode == 0
            ? file.Path == Split.Path && file.Stat.Born == Split.Stat.Born
            : file.Stat.Device == Split.Stat.Device && file.Stat.IsSameFile(Split.Stat.Inode, Split.Stat.Born);

        public void IsFound(bool isThere, TimeProvider time) => _lostSince = isThere ? null : _lostSince ?? time.GetTimestamp();

        /// <summary>Its writer has not let go of it yet.</summary>
        public void HasBeenRead(TimeProvider time) => _lostSince = _lostSince is null ? null : time.GetTimestamp();

        public bool WasLostFor(TimeSpan wait, TimeProvider time) => _lostSince is { } since && time.GetElapsedTime(since) >= wait;
    }
}
