using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>Reads files to their ends, one after the other: those that are there (once), or also those that come (watch).</summary>
internal sealed class WholeFileReader(FileSetup setup, FilePattern pattern, FileProgress progress)
{
    private readonly FileSourceOptions _options = setup.Options;
    private readonly SourceContext _context = setup.Context;
    private readonly FileHistory _history = new(setup.Context, setup.Options.Encoding);
    private readonly QuietFiles _quiet = new(setup.Options.MinAge, setup.Context.Time);

    public async IAsyncEnumerable<RecordBatch> ReadAsync(FileCompletion completion, [EnumeratorCancellation] CancellationToken stop)
    {
        foreach (var position in _history.Known.Select(known => known.Value).Where(position => position.Status == FileStatus.Done).ToList())
        {
            completion.Complete(position, _context.Logger);
        }

        var opener = new FileOpener(setup, _history);
        var isWatching = _options.Mode == FileReadMode.Watch;
        while (!stop.IsCancellationRequested)
        {
            var files = Look();
            foreach (var file in files.Ready)
            {
                using var split = Open(opener, file, stop);
                if (split is null)
                {
                    continue;
                }

                progress.Forgo(split.ResumedAt);
                while (!stop.IsCancellationRequested && Next(split) is { } batch)
                {
                    progress.Add(batch.BytesRead);
                    yield return batch;
                }

                _history.Record(split.Key, split.Position);
            }

            if (stop.IsCancellationRequested)
            {
                break;
            }

            if (!files.SomeAreNotReady)
            {
                _context.CaughtUp();
            }

            var isOver = !isWatching || (!files.SomeAreNotReady && _context.Until == Until.CaughtUp);
            if (isOver || !await Pause.For(_context, stop).ConfigureAwait(false))
            {
                break;
            }
        }
    }

    private FileSplit? Open(FileOpener opener, FoundFile file, CancellationToken stop)
    {
        var split = opener.Open(file, onlyKnown: false, stop);
        return split is null && _options.Mode == FileReadMode.Once && !stop.IsCancellationRequested
            ? throw FileFaults.NotFound(file.Path, setup.Settings)
            : split;
    }

    private (List<FoundFile> Ready, bool SomeAreNotReady) Look()
    {
        var all = pattern.Find();
        if (all.Count == 0 && _options.Mode == FileReadMode.Once && !WasCompleted())
        {
            throw pattern.IsPattern ? FileFaults.NothingMatches(pattern) : FileFaults.NotFound(setup.Settings.Connection, setup.Settings);
        }

        var found = pattern.Ours(all);
        var open = found.Where(file => !_history.IsSettled(file)).ToList();
        if (_options.Mode == FileReadMode.Once && found.Count > 0 && open.Count == 0)
        {
            _context.Logger.LogInformation(
                "0 new records: {Connection} was read to its end before. --fresh starts over.", setup.Settings.ConfiguredConnection);
        }

        var ready = _options.Mode == FileReadMode.Watch ? _quiet.Among(open) : open;
        progress.Expect(open.Sum(file => file.Stat.Size));
        return (ready, ready.Count < open.Count);
    }

    /// <summary>True when there is nothing left because completed files are moved or deleted, by another instance too.</summary>
    private bool WasCompleted() => _options.OnComplete != OnComplete.Keep
        && (!setup.Settings.Share.IsWhole || _history.Known.Any(known => known.Value.Status == FileStatus.Done));

    /// <summary>One damaged file ends a run over given files; in a watched folder it is a dead letter and the others go on.</summary>
    private RecordBatch? Next(FileSplit split)
    {
        if (split.Next(endIsFinal: true) is { } batch)
        {
            return batch;
        }

        if (split.Damage is not { } damage || split.HasGivenUp)
        {
            return null;
        }

        if (_options.Mode == FileReadMode.Once)
        {
            throw ConnectorException.User(damage);
        }

        _context.Logger.LogError("{Damage} The file is left where it is and read on when it changes.", damage);
        return split.GiveUp();
    }
}
