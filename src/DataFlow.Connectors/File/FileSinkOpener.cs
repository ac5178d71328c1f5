using System.Globalization;
using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>
/// Finds where an output goes on: compares the files with the last commit, and decides about files that were there before.
/// </summary>
internal sealed class FileSinkOpener(FileSinkNames names, FileSinkOptions options, IFileOperations files, ILogger logger)
{
    /// <summary>Creates the target's folder.</summary>
    /// <returns>Folders whose names must become durable with the next commit.</returns>
    public IReadOnlyList<string> PrepareFolder()
    {
        if (Path.GetFileName(names.First).Length == 0)
        {
            throw IsFolder();
        }

        var changed = new List<string> { names.Folder };
        var folder = names.Folder;
        while (files.KindOf(folder) is null && Path.GetDirectoryName(folder) is { } parent)
        {
            changed.Add(parent);
            folder = parent;
        }

        if (files.KindOf(folder) is not FileKind.Folder)
        {
            throw ConnectorException.User($"{folder} is a file, so {names.First} can't be written into it. Choose another path.");
        }

        if (changed.Count > 1)
        {
            files.CreateFolder(names.Folder);
        }

        return changed;
    }

    /// <summary>Opens the file to go on with.</summary>
    /// <param name="state">The last commit, or null when there was none.</param>
    /// <param name="former">The last commit before the pipeline was started over: its output is replaced.</param>
    public OpenedOutput Open(FileSinkState? state, FileSinkState? former)
    {
        switch (files.KindOf(names.First))
        {
            case FileKind.Folder:
                throw IsFolder();
            case FileKind.Other:
                return new OpenedOutput(files.OpenStream(names.First), 0, 0) { IsStream = true };
            default:
                return state is null ? OpenFirst(former) : Resume(state);
        }
    }

    private OpenedOutput Resume(FileSinkState state)
    {
        var path = names.PathOf(state.Segment);
        if (files.KindOf(path) != FileKind.Regular)
        {
            throw Changed(state, path, "it isn't there");
        }

        var file = files.Open(path, FileMode.Open);
        IDisposable? firstFileLock = null;
        try
        {
            var length = file.Length;
            if (length < state.Length)
            {
                throw Changed(state, path, string.Create(CultureInfo.InvariantCulture, $"it has only {length} bytes"));
            }

            if (FileSinkTail.Of(file, state.Length) != state.Tail)
            {
                throw Changed(state, path, "they aren't the bytes that were written");
            }

            if (state.Segment > 0 && files.KindOf(names.First) == FileKind.Regular)
            {
                firstFileLock = files.Open(names.First, FileMode.Open);
            }

            if (length > state.Length)
            {
                logger.LogInformation("{Path}: {Bytes} bytes after the last commit are taken back.", path, length - state.Length);
                file.SetLength(state.Length);
            }

            if (state.Rotates || options.CanRotate)
            {
                DeleteFrom(state.Segment + 1);
            }
        }
        catch
        {
            firstFileLock?.Dispose();
            file.Dispose();
            throw;
        }

        return new OpenedOutput(file, state.Segment, state.Length) { FirstFileLock = firstFileLock };
    }

    private OpenedOutput OpenFirst(FileSinkState? former)
    {
        var file = files.Open(names.First, FileMode.OpenOrCreate);
        try
        {
            var last = options.CanRotate || former is { Rotates: true } ? LastSegment() : 0;
            if (file.Length == 0 && last == 0)
            {
                return new OpenedOutput(file, 0, 0);
            }

            switch (IsOurs(file, former) ? IfExistsPolicy.Overwrite : options.IfExists)
            {
                case IfExistsPolicy.Overwrite:
                    if (last > 0)
                    {
                        DeleteFrom(1);
                    }

                    file.SetLength(0);
                    return new OpenedOutput(file, 0, 0);
                case IfExistsPolicy.Append when last > 0:
                    var current = files.Open(names.PathOf(last), FileMode.Open);
                    return new OpenedOutput(current, last, current.Length) { FirstFileLock = file };
                case IfExistsPolicy.Append:
                    return new OpenedOutput(file, 0, file.Length);
                default:
                    throw ConnectorException.User(
                        $"The file {names.PathOf(last)} is there already and this pipeline has no state for it, so it isn't known "
                            + $"to be its own output. "
                        + "Set the sink's option if-exists to overwrite (start it anew) or append, or move the file away.");
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>True when what is there begins with what this pipeline had committed before it was started over.</summary>
    private bool IsOurs(IOutputFile first, FileSinkState? former)
    {
        if (former is not { Length: > 0 } || former.Path != names.First)
        {
            return false;
        }

        if (former.Segment == 0)
        {
            return first.Length >= former.Length && FileSinkTail.Of(first, former.Length) == former.Tail;
        }

        var path = names.PathOf(former.Segment);
        if (files.KindOf(path) != FileKind.Regular)
        {
            return false;
        }

        using var current = files.Open(path, FileMode.Open);
        return current.Length >= former.Length && FileSinkTail.Of(current, former.Length) == former.Tail;
    }

    /// <summary>The highest number without a gap. Files behind a gap are somebody else's.</summary>
    private int LastSegment(int first = 1)
    {
        var last = first - 1;
        while (files.KindOf(names.PathOf(last + 1)) == FileKind.Regular)
        {
            last++;
        }

        return last;
    }

    /// <summary>Removes the files from a number on, the last one first: a gap never hides one that is left.</summary>
    private void DeleteFrom(int first)
    {
        for (var number = LastSegment(first); number >= first; number--)
        {
            // Opened first, so that a file that somebody writes to is refused.
            files.Open(names.PathOf(number), FileMode.Open).Dispose();
            logger.LogInformation("{Path} is not part of what was committed and is removed.", names.PathOf(number));
            files.Delete(names.PathOf(number));
        }
    }

    private ConnectorException IsFolder() =>
        ConnectorException.User($"{names.First} is a folder; the connection of a file sink is a file. Add a file name.");

    private static ConnectorException Changed(FileSinkState state, string path, string found) => ConnectorException.User(string.Create(
        CultureInfo.InvariantCulture,
        $"The file {path} was changed by somebody else: its first {state.Length} bytes are this pipeline's output, but {found}. "
        + $"Put the file back as it was, or start over with --fresh and another file or if-exists: overwrite."));
}

/// <summary>Where an output goes on.</summary>
/// <param name="File">The open file.</param>
/// <param name="Segment">Its number.</param>
/// <param name="Length">Where to write next.</param>
internal sealed record OpenedOutput(IOutputFile File, int Segment, long Length)
{
    /// <summary>It is a pipe or device.</summary>
    public bool IsStream { get; init; }

    /// <summary>The first file, kept open for its lock while a later one is written.</summary>
    public IDisposable? FirstFileLock { get; init; }
}
