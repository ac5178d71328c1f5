using DataFlow.Formats;
using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <content>Filling buffers and cutting records out of them.</content>
internal sealed partial class FileSplit
{
    private Func<string>? _pendingDamage;
    private bool _endIsWhole;
    private long? _openSince;

    private int LongestRecord => (int)Math.Min((_setup.Options.MaxLineBytes.Bytes * 2) + (2 << 20), Array.MaxLength / 2);

    /// <summary>Skips physical lines at the start of the file. The header is still read.</summary>
    /// <param name="lines">How many; <see cref="long.MaxValue"/> for every complete record that is there.</param>
    /// <param name="request">Marked as followed together with the next position; null when nobody asked.</param>
    /// <param name="endIsFinal">The file will not grow.</param>
    /// <param name="stop">Gives up.</param>
    public void Skip(long lines, LinePosition? request, bool endIsFinal, CancellationToken stop)
    {
        _followedRequest = request;
        while (Line < lines && !stop.IsCancellationRequested)
        {
            var before = _reader.State;
            if (Parse(endIsFinal, _context.BatchSize, mayDefer: false) is not { } parsed)
            {
                break;
            }

            var skipped = CountUpTo(lines, parsed.Batch);
            var isPast = skipped < parsed.Batch.RowCount + parsed.Batch.Errors.Count;
            if (isPast)
            {
                Reject(parsed, before);
                if (skipped == 0 || Parse(endIsFinal, skipped, mayDefer: false) is not { } again)
                {
                    break;
                }

                parsed = again;
            }

            Take(parsed);
            parsed.Batch.Release();
            if (isPast || parsed.Filled == 0)
            {
                break;
            }
        }

        if (lines != long.MaxValue && Line > lines)
        {
            _context.Logger.LogWarning(
                "Line {Line} of {Path} is inside a record; reading goes on after it, at line {Next}.", lines, Path, Line + 1);
        }
    }

    /// <summary>
    /// A batch with at least something consumed, or the last one. Its bytes stay untaken until <see cref="Take"/> or
    /// <see cref="Reject"/>.
    /// </summary>
    private Parsed? Parse(bool endIsFinal, int mostRecords, bool mayDefer)
    {
        var target = _target;
        var batch = _context.Pool.Rent(target);
        try
        {
            batch.Identity = _identity;
            batch.PositionBase = _bytes.Offset;
            while (true)
            {
                var atEnd = Fill(batch, target, endIsFinal);
                var filled = batch.Length;
                var isFinal = atEnd && endIsFinal && _pendingDamage is null;
                var givesUp = atEnd && !endIsFinal && CutOpenRecord(batch);
                var consumed = mayDefer ? _reader.Frame(batch, isFinal || givesUp, mostRecords) : -1;
                if (consumed < 0)
                {
                    consumed = _reader.Read(batch, isFinal || givesUp, mostRecords);
                }

                if (consumed > 0 || (isFinal && filled == 0))
                {
                    _openSince = null;
                    return new Parsed(batch, filled, consumed, isFinal);
                }

                batch.Length = filled;
                if (atEnd && !isFinal)
                {
                    Wait(batch);
                    return null;
                }

                if (isFinal || target >= LongestRecord)
                {
                    throw new InvalidOperationException(
                        $"The {NameOf(_setup.Options.Format)} reader takes nothing of {filled} bytes of {Path}.");
                }

                target = Math.Min(target * 2, LongestRecord);
                batch.EnsureCapacity(target);
            }
        }
        catch
        {
            batch.Release();
            throw;
        }
    }

    private static int CountUpTo(long lines, RecordBatch batch) =>
        Enumerable.Range(0, batch.RowCount).Count(row => batch.LineOf(row) <= lines) + batch.Errors.Count(error => error.Offset <= lines);

    /// <summary>Moves behind what a batch has consumed.</summary>
    private void Take(Parsed parsed)
    {
        var data = parsed.Batch.Data.AsSpan(0, parsed.Filled);
        _bytes.Unread(data[parsed.Consumed..]);
        _evidence.Add(data[..parsed.Consumed]);
    }

    /// <summary>Moves back to before a batch, as if it had not been parsed.</summary>
    private void Reject(Parsed parsed, ReaderState before)
    {
        _bytes.Unread(parsed.Batch.Data.AsSpan(0, parsed.Filled));
        parsed.Batch.Release();
        _reader = _setup.CreateReader(_setup.Options);
        if (before.Line > 0)
        {
            _reader.Restore(before);
        }
    }

    /// <summary>Hands everything back until more is there, or for good when the file is damaged here.</summary>
    private void Wait(RecordBatch batch)
    {
        var waiting = batch.Data.AsSpan(0, batch.Length);
        _bytes.Unread(waiting);

        // Only now: complete records before the damage came first.
        Damage = _pendingDamage?.Invoke();
        if (_openSince is null && _separator.IndexOf(waiting) >= 0)
        {
            _openSince = _context.Time.GetTimestamp();
        }

        batch.Release();
    }

    /// <summary>
    /// A record of several lines whose end does not come must not hold back what follows: its complete lines are all there is
    /// then.
    /// </summary>
    private bool CutOpenRecord(RecordBatch batch)
    {
        var isLate = _openSince is { } since && _context.Time.GetElapsedTime(since) >= _context.MaxLatency;
        if (!isLate || _setup.Options.Format != RecordFormat.Csv || (_setup.Options.HasHeader && _reader.State.Header is null))
        {
            return false;
        }

        batch.Length = _separator.LastEnd(batch.Data.AsSpan(0, batch.Length));
        return batch.Length > 0;
    }

    /// <returns>True at the end of the file.</returns>
    private bool Fill(RecordBatch batch, int target, bool endIsFinal)
    {
        try
        {
            while (target - batch.Length >= Transcoder.MinOutput)
            {
                var read = _bytes.Read(batch.Data.AsSpan(batch.Length, target - batch.Length), endIsFinal);
                batch.Length += read;
                if (read == 0 && (!endIsFinal || IsAtEnd()))
                {
                    return true;
                }
            }

            return false;
        }
        catch (InvalidDataException)
        {
            _pendingDamage = () => FileFaults.Damaged(Path, Line);
            return true;
        }
        catch (IOException e)
        {
            throw FileFaults.CannotRead(Path, e);
        }
    }

    /// <summary>False when the file has grown while it was read.</summary>
    private bool IsAtEnd()
    {
        if (_endIsWhole || _pendingDamage is not null)
        {
            return true;
        }

        Stat = FileStat.Of(_handle);
        if (Stat.Size < Math.Max(_sizeAtOpen, RawOffset))
        {
            _pendingDamage = () => FileFaults.Shortened(Path, Math.Max(_sizeAtOpen, RawOffset), Stat.Size, Line);
        }
        else if (_bytes.IsPlain && Stat.Size > RawOffset)
        {
            return false;
        }
        else if (!_bytes.EndsWhole() || IsCutInMagic())
        {
            _pendingDamage = () => FileFaults.Damaged(Path, Line);
        }

        _endIsWhole = _pendingDamage is null;
        return true;
    }

    private bool IsCutInMagic()
    {
        Span<byte> whole = stackalloc byte[4];
        return Stat.Size < whole.Length && Inflater.IsCutInMagic(whole[..RandomAccess.Read(_handle, whole, 0)], Path);
    }

    /// <param name="Batch">Owned by whoever holds this.</param>
    /// <param name="Filled">Bytes that were read into the buffer.</param>
    /// <param name="Consumed">Bytes that became records.</param>
    /// <param name="IsFinal">The file ends with the filled bytes.</param>
    private readonly record struct Parsed(RecordBatch Batch, int Filled, int Consumed, bool IsFinal);
}
