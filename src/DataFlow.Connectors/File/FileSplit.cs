using System.Globalization;
using System.Text;
using DataFlow.Formats;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace DataFlow.Connectors;

/// <summary>What is the same for all files of a source during one attempt.</summary>
internal sealed record FileSetup(
    SourceSettings Settings, FileSourceOptions Options, Func<FormatOptions, IRecordReader> CreateReader, SourceContext Context);

/// <summary>One open file on its way to batches. Not thread-safe.</summary>
internal sealed partial class FileSplit : IDisposable
{
    private const int SmallestRead = 4 << 10;
    private static readonly byte[] SourceName = Encoding.UTF8.GetBytes(SourceType.File);

    private readonly FileSetup _setup;
    private readonly SourceContext _context;
    private readonly SafeFileHandle _handle;
    private readonly FileBytes _bytes;
    private readonly FileEvidence _evidence;
    private readonly RecordIdentity _identity;
    private readonly byte[] _pathText;
    private readonly byte[] _formatText;
    private readonly long _sizeAtOpen;
    private readonly LineSeparator _separator;
    private IRecordReader _reader;
    private LinePosition? _followedRequest;
    private int _target;
    private long _rawReported;
    private bool _continuesOpenLine;
    private bool _wasDone;

    /// <summary>Takes over an open file.</summary>
    /// <param name="key">Names the split.</param>
    /// <param name="file">Where the file was found.</param>
    /// <param name="handle">Becomes this object's.</param>
    /// <param name="bytes">At the position to go on from. Becomes this object's.</param>
    /// <param name="start">The position to go on from and the evidence so far; null at the start of the file.</param>
    /// <param name="setup">What is the same for all files.</param>
    public FileSplit(
        string key,
        FoundFile file,
        SafeFileHandle handle,
        FileBytes bytes,
        (FilePosition Position, FileEvidence Evidence)? start,
        FileSetup setup)
    {
        Key = key;
        Path = file.Path;
        _setup = setup;
        _context = setup.Context;
        _handle = handle;
        _bytes = bytes;
        _evidence = start?.Evidence ?? new FileEvidence();
        _identity = new RecordIdentity(SourceType.File, key);
        _pathText = Encoding.UTF8.GetBytes(file.Name);
        _formatText = Encoding.UTF8.GetBytes(NameOf(setup.Options.Format));
        Stat = FileStat.Of(handle);
        _sizeAtOpen = Stat.Size;
        _separator = LineSeparator.Parse(setup.Options.RecordSeparator);
        _reader = setup.CreateReader(setup.Options);
        _target = Math.Min(MostBytes, Math.Max(SmallestRead, _context.BatchSize * 256));
        if (start?.Position is { } position)
        {
            _reader.Restore(position.Reader);
            _continuesOpenLine = position.IsOpenLine;
            _wasDone = position.Status == FileStatus.Done;
        }

        IsResumed = start is not null;
        ResumedAt = start is null ? 0 : bytes.RawOffset;
        _rawReported = ResumedAt;
    }

    /// <summary>Names the split: where the file was first seen, and what told it from others there.</summary>
    public string Key { get; }

    /// <summary>Where the file is now.</summary>
    public string Path { get; set; }

    /// <summary>What the system last said about the file.</summary>
    public FileStat Stat { get; private set; }

    /// <summary>The file has been read to its end for good.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Why nothing more can be read of this file, as a sentence; null while all is well.</summary>
    public string? Damage { get; private set; }

    /// <summary>The damage was handed on as a dead letter.</summary>
    public bool HasGivenUp { get; private set; }

    /// <summary>Bytes of the file that earlier runs have read.</summary>
    public long ResumedAt { get; }

    /// <summary>The file is known from an earlier run and was found where that one left it.</summary>
    public bool IsResumed { get; }

    /// <summary>An earlier run has read the file to its end, and nothing was read since.</summary>
    public bool IsStillDone => _wasDone;

    /// <summary>Bytes of the file that were taken.</summary>
    public long RawOffset => _bytes.RawOffset;

    /// <summary>Physical lines that were read.</summary>
    public long Line => _reader.State.Line;

    /// <summary>Where reading has got to.</summary>
    public FilePosition Position => new()
    {
        Path = Path,
        Stat = Stat,
        Bytes = _bytes.Offset,
        Reader = _reader.State,
        Head = _evidence.Head,
        Anchor = _evidence.Anchor,
        Status = HasEnded || _wasDone ? FileStatus.Done : Damage is not null ? FileStatus.Failed : FileStatus.Reading,
        IsOpenLine = _continuesOpenLine || (HasEnded && EndsInOpenLine),
    };

    private bool EndsInOpenLine =>
        _evidence.LastByte is not (null or (byte)'\n' or (byte)'\r') && _setup.Options.RecordSeparator is "auto" or "lf" or "crlf";

    private int MostBytes => Math.Max(SmallestRead, _context.BatchBytes - RecordBatch.Slack);

    /// <summary>The next batch.</summary>
    /// <param name="endIsFinal">The file will not grow: the last record may lack its line break.</param>
    /// <returns>Null when nothing complete is there now, at the end, or because of <see cref="Damage"/>.</returns>
    /// <exception cref="ConnectorException">A policy of the format says <c>fail</c>, or the file can't be read.</exception>
    public RecordBatch? Next(bool endIsFinal)
    {
        if (HasEnded || Damage is not null)
        {
            return null;
        }

        if (_continuesOpenLine)
        {
            FinishOpenLine(endIsFinal);
        }

        var firstLine = Line;
        if (Parse(endIsFinal, _context.BatchSize, _context.Workers > 1) is not { } parsed)
        {
            return null;
        }

        Take(parsed);
        _wasDone = false;
        var batch = parsed.Batch;
        HasEnded = parsed.IsFinal && parsed.Consumed == parsed.Filled;
        var records = batch.IsDeferred ? Line - firstLine : batch.RowCount + batch.Errors.Count;
        var expected = (parsed.Consumed * 1.1 * _context.BatchSize / Math.Max(1, records)) + 512;
        _target = (int)Math.Clamp(expected, SmallestRead, MostBytes);
        batch.BytesRead = Math.Max(0, RawOffset - _rawReported);
        _rawReported = Math.Max(_rawReported, RawOffset);
        Describe(batch);
        if (HasEnded || _reader.State.IsRestartPoint)
        {
            Advance(batch);
        }

        return batch;
    }

    /// <summary>A batch without records that only says where reading has got to.</summary>
    public RecordBatch Mark()
    {
        var batch = _context.Pool.Rent(0);
        Advance(batch);
        return batch;
    }

    /// <summary>A batch whose one bad record is the file's unreadable rest.</summary>
    public RecordBatch GiveUp()
    {
        HasGivenUp = true;
        var batch = Mark();
        batch.AddError(new RecordError(
            _identity.At("unreadable rest"u8), RecordError.Stages.Source, "damaged-file", Damage!, [], Key, Line));
        return batch;
    }

    /// <summary>True when the file is shorter, or has other bytes, than what was read of it.</summary>
    public bool WasRewritten()
    {
        var before = Stat;
        Stat = FileStat.Of(_handle);
        if (Stat.Size < RawOffset)
        {
            return true;
        }

        if (!_bytes.IsPlain || (Stat.Size == before.Size && Stat.Modified == before.Modified))
        {
            return false;
        }

        var anchor = _evidence.Anchor;
        Span<byte> now = stackalloc byte[anchor.Length];
        return !anchor.Matches(now[..RandomAccess.Read(_handle, now, RawOffset - anchor.Length)]);
    }

    public void Dispose()
    {
        _bytes.Dispose();
        _handle.Dispose();
    }

    internal static string NameOf(RecordFormat format) => format switch
    {
        RecordFormat.Csv => "csv",
        RecordFormat.Json => "json",
        RecordFormat.JsonArray => "json-array",
        RecordFormat.JsonDocument => "json-document",
        _ => "text",
    };

    private void Describe(RecordBatch batch) => batch.Metadata
        .Set("source", SourceName)
        .Set("file_path", _pathText)
        .Set("format", _formatText)
        .SetNumbers("line_number", static (rows, row) => rows.LineOf(row))
        .Set("timestamp", _context.Time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));

    private void Advance(RecordBatch batch)
    {
        if (_followedRequest is { } request)
        {
            batch.AdvanceTo(Path, request);
            _followedRequest = null;
        }

        batch.AdvanceTo(Key, Position);
    }

    /// <summary>The line that was taken without its line break has got one since, or has grown.</summary>
    private void FinishOpenLine(bool endIsFinal)
    {
        Span<byte> next = stackalloc byte[2];
        var read = _bytes.Read(next, endIsFinal);
        if (read == 0)
        {
            return;
        }

        var ended = next[0] == (byte)'\n' ? 1 : next[0] != (byte)'\r' ? 0 : read == 2 && next[1] == (byte)'\n' ? 2 : 1;
        _bytes.Unread(next[ended..read]);
        _evidence.Add(next[..ended]);
        _continuesOpenLine = false;
        if (ended == 0)
        {
            _context.Logger.LogWarning(
                "{Path} ended in the middle of line {Line} when it was read; what was appended to that line is read as a line of its own.",
                Path,
                Line);
        }
    }
}
