using DataFlow.Formats;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace DataFlow.Connectors;

/// <summary>Opens files where reading has to go on: recognises known ones, whatever their names are now, and names new ones.</summary>
internal sealed class FileOpener(FileSetup setup, FileHistory history)
{
    private const int LongestFirstLine = 1024;

    private readonly LineSeparator _separator = LineSeparator.Parse(setup.Options.RecordSeparator);

    private bool MayGrow => setup.Options.Mode == FileReadMode.Tail;

    /// <summary>Opens a file.</summary>
    /// <param name="file">A file that was found.</param>
    /// <param name="onlyKnown">A new file is left alone.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>Null when the file has gone, or when it is followed and has no complete line yet.</returns>
    /// <exception cref="ConnectorException">The file can't be read, or its state belongs to another file.</exception>
    public FileSplit? Open(FoundFile file, bool onlyKnown, CancellationToken stop)
    {
        if (OpenHandle(file.Path) is not { } handle)
        {
            return null;
        }

        FileSplit? split = null;
        try
        {
            file = file with { Stat = FileStat.Of(handle) };
            var request = history.RequestFor(file.Path);
            var known = Recognise(file, handle, request is not null, stop);
            if (known is { Bytes: { } bytes } && request is null)
            {
                return split = new FileSplit(known.Value.Key, file, handle, bytes, (known.Value.Position, known.Value.Evidence), setup);
            }

            known?.Bytes.Dispose();
            return split = onlyKnown || stop.IsCancellationRequested ? null : Begin(file, handle, known?.Key, request, stop);
        }
        catch (IOException e)
        {
            throw FileFaults.CannotRead(file.Path, e);
        }
        finally
        {
            if (split is null)
            {
                handle.Dispose();
            }
        }
    }

    /// <summary>Null when the file has gone.</summary>
    /// <exception cref="ConnectorException">The file may not be read.</exception>
    public static SafeFileHandle? OpenHandle(string path)
    {
        try
        {
            var handle = File.OpenHandle(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
            FileLock.Release(handle);
            return handle;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException e)
        {
            throw FileFaults.NoPermission(path, e);
        }
        catch (IOException e)
        {
            throw FileFaults.CannotRead(path, e);
        }
    }

    private Known? Recognise(FoundFile file, SafeFileHandle handle, bool isRequested, CancellationToken stop)
    {
        foreach (var (key, position) in history.Candidates(file, setup.Options.Mode))
        {
            if (GoOn(handle, key, position, stop) is { } known)
            {
                return known;
            }
        }

        var mustBeKnown = setup.Options.Mode == FileReadMode.Once && !isRequested && !stop.IsCancellationRequested;
        if (mustBeKnown && history.LastAt(file.Path) is { Position: var other })
        {
            throw FileFaults.BelongsToAnotherFile(other, file.Stat);
        }

        return null;
    }

    private Known? GoOn(SafeFileHandle handle, string key, FilePosition position, CancellationToken stop)
    {
        var bytes = new FileBytes(handle, setup.Options.Encoding);
        try
        {
            if (FileEvidence.MoveTo(bytes, position, stop) is { } evidence)
            {
                return new Known(key, position, evidence, bytes);
            }
        }
        catch (InvalidDataException)
        {
            // Damaged before the position: not what was read there.
        }

        bytes.Dispose();
        return null;
    }

    private FileSplit? Begin(FoundFile file, SafeFileHandle handle, string? knownKey, long? request, CancellationToken stop)
    {
        var bytes = new FileBytes(handle, setup.Options.Encoding);
        var firstLine = PeekFirstLine(bytes);
        if (MayGrow && firstLine.Length < LongestFirstLine && !firstLine.EndsWith(_separator.Bytes))
        {
            bytes.Dispose();
            return null;
        }

        var key = knownKey ?? history.NameOf(file, firstLine);
        var split = new FileSplit(key, file, handle, bytes, null, setup);
        if (request is { } lines)
        {
            history.Follow(file.Path);
            split.Skip(lines, new LinePosition(lines, isUsed: true), !MayGrow, stop);
        }
        else if (LinePosition.Pending(setup.Context.PositionOf(key)) is { } linesOfSplit)
        {
            split.Skip(linesOfSplit, null, !MayGrow, stop);
        }

        setup.Context.Logger.LogDebug("Reading {Path} as {Split}.", file.Path, key);
        return split;
    }

    /// <summary>The first line, or as much of it as is there and tells files apart.</summary>
    private ReadOnlySpan<byte> PeekFirstLine(FileBytes bytes)
    {
        var head = new byte[LongestFirstLine];
        var filled = 0;
        try
        {
            while (filled < head.Length && bytes.Read(head.AsSpan(filled), isFinal: !MayGrow) is > 0 and var read)
            {
                filled += read;
            }
        }
        catch (InvalidDataException)
        {
            // What is damaged is found again, and reported, when the file is read.
        }

        bytes.Unread(head.AsSpan(0, filled));
        var end = _separator.IndexOf(head.AsSpan(0, filled));
        return head.AsSpan(0, end < 0 ? filled : end + _separator.Length);
    }

    private readonly record struct Known(string Key, FilePosition Position, FileEvidence Evidence, FileBytes Bytes);
}
