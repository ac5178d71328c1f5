using System.Collections.Concurrent;
using System.Runtime.Intrinsics;

namespace DataFlow.Formats;

/// <summary>
/// Reads newline-delimited JSON: one value per line, checked against RFC 8259 to the last byte, kept as the tokens that were
/// written. A line ends where its separator stands whatever is in it, so a bad line never affects the next.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>Blank lines are counted and left out. A last line without separator is a line.</item>
/// <item>A line that is no object is a record with the one field <c>value</c>.</item>
/// <item>A key that stands twice: the last value counts, the row's bytes stay; outcome <c>duplicate-key</c>.</item>
/// <item>Objects and arrays more than 64 deep: invalid, reason <c>too-deep</c>.</item>
/// <item>More keys than max-fields: dead letter, reason <c>too-many-fields</c>.</item>
/// <item>A lone surrogate escape is valid; it reads as U+FFFD and is written as it came.</item>
/// </list>
/// </remarks>
public sealed class NdjsonRecordReader : IRecordReader
{
    /// <summary>
    /// A framed batch can't be cut by cells, because its keys are not known yet. Each key has a colon, so lines times colons
    /// bounds its table.
    /// </summary>
    private const long MaxFramedCells = 32L << 20;

    private const int FrameStep = 4096;

    private readonly FormatOptions _options;
    private readonly LineSeparator _separator;
    private readonly DeferredLines _lines;
    private readonly int _surelyTooLong;
    private long _line;
    private bool _isInLongLine;

    /// <summary>Creates a reader at the start of a stream.</summary>
    /// <param name="options">How the bytes are laid out and what to do with bad ones.</param>
    public NdjsonRecordReader(FormatOptions options)
        : this(options, Vector128.IsHardwareAccelerated)
    {
    }

    internal NdjsonRecordReader(FormatOptions options, bool vectorised)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _separator = LineSeparator.Parse(options.RecordSeparator);
        _lines = new DeferredLines(options, _separator, vectorised);

        // As much as an error keeps is waited for, so that a dead letter doesn't depend on the size of the buffer.
        _surelyTooLong = (int)Math.Max(options.MaxLineBytes.Bytes, RecordError.MaxRawBytes) + _separator.MaxLength;
    }

    /// <inheritdoc/>
    public ReaderState State => new(_line, IsRestartPoint: !_isInLongLine);

    /// <inheritdoc/>
    public void Restore(ReaderState state)
    {
        _line = state.Line;
        _isInLongLine = false;
    }

    /// <inheritdoc/>
    public int Read(RecordBatch batch, bool isFinal, int maxRecords)
    {
        ArgumentNullException.ThrowIfNull(batch);
        batch.FirstLine = _line + 1;
        var at = SkipLongLine(batch, isFinal, out var skipped);
        var lines = _lines.Rent();
        lines.Begin(batch, skipped, maxRecords, RecordBatch.MaxCells);
        if (!_isInLongLine)
        {
            var end = isFinal ? batch.Length : at + _separator.LastEnd(batch.Data.AsSpan(at, batch.Length - at));
            at = lines.Take(at, end, maxRecords);
            var tail = batch.Length - at;
            if (at == end && tail > _surelyTooLong && lines.Records < maxRecords && lines.TakeLongLine(at, tail))
            {
                _isInLongLine = true;
                at = batch.Length - (_separator.Length - 1);
            }
        }

        _line += lines.Taken;
        batch.Length = at;
        lines.Finish();
        _lines.Return(lines);
        return at;
    }

    /// <inheritdoc/>
    public int Frame(RecordBatch batch, bool isFinal, int maxRecords)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (!_separator.IsLineFeed || _isInLongLine || _line < _options.SkipRows)
        {
            return -1;
        }

        var data = batch.Data.AsSpan(0, batch.Length);
        var end = FrameLines(data, Math.Min(maxRecords, RecordBatch.MaxCells / Math.Max(1, _lines.ColumnCount)), out var lines);
        if (isFinal && end < data.Length && lines < maxRecords && !data[end..].Contains((byte)'\n'))
        {
            end = data.Length;
            lines++;
        }

        if ((end == 0 && data.Length > _surelyTooLong) || NdjsonLines.MayFail(_options, data[..end]))
        {
            return -1;
        }

        batch.FirstLine = _line + 1;
        batch.Length = end;
        _line += lines;
        if (end > 0)
        {
            batch.Defer(_lines);
        }

        return end;
    }

    /// <summary>Counts lines from the start of the data.</summary>
    /// <returns>Where the first line starts that is not among them.</returns>
    private static int FrameLines(ReadOnlySpan<byte> data, int maxLines, out int lines)
    {
        var end = 0;
        var colons = 0L;
        lines = 0;
        for (var at = 0; at < data.Length && lines < maxLines; at += FrameStep)
        {
            var step = data.Slice(at, Math.Min(FrameStep, data.Length - at));
            var found = step.Count((byte)'\n');
            colons += step.Count((byte)':');
            if (found == 0)
            {
                continue;
            }

            if (lines > 0 && (lines + found) * colons > MaxFramedCells)
            {
                break;
            }

            var surplus = Math.Max(0, lines + found - maxLines);
            lines += found - surplus;
            var last = step.LastIndexOf((byte)'\n');
            for (; surplus > 0; surplus--)
            {
                last = step[..last].LastIndexOf((byte)'\n');
            }

            end = at + last + 1;
        }

        return end;
    }

    /// <summary>Leaves out the rest of a line that was too long.</summary>
    private int SkipLongLine(RecordBatch batch, bool isFinal, out int skipped)
    {
        skipped = 0;
        if (!_isInLongLine)
        {
            return 0;
        }

        var separator = _separator.IndexOf(batch.Data.AsSpan(0, batch.Length));
        if (separator < 0 && !isFinal)
        {
            return Math.Max(0, batch.Length - (_separator.Length - 1));
        }

        _isInLongLine = false;
        skipped = 1;
        return separator < 0 ? batch.Length : separator + _separator.Length;
    }

    /// <summary>Parses framed batches on any thread, and lends the parsers, which know the keys so far.</summary>
    private sealed class DeferredLines(FormatOptions options, LineSeparator separator, bool vectorised) : IDeferredRows
    {
        private readonly ConcurrentQueue<NdjsonLines> _idle = new();
        private int _columnCount;

        /// <summary>Columns of the batch that was parsed last.</summary>
        public int ColumnCount => Volatile.Read(ref _columnCount);

        public NdjsonLines Rent() => _idle.TryDequeue(out var lines) ? lines : new NdjsonLines(options, separator, vectorised);

        public void Return(NdjsonLines lines)
        {
            Volatile.Write(ref _columnCount, lines.ColumnCount);
            _idle.Enqueue(lines);
        }

        public void Parse(RecordBatch batch)
        {
            var lines = Rent();
            lines.Begin(batch, 0, int.MaxValue, long.MaxValue);
            lines.Take(0, batch.Length, int.MaxValue);
            lines.Finish();
            Return(lines);
        }
    }
}
