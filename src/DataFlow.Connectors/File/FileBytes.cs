using DataFlow.Formats;
using Microsoft.Win32.SafeHandles;

namespace DataFlow.Connectors;

/// <summary>
/// The text of an open file as UTF-8 without a byte order mark, decompressed and decoded. Plain UTF-8 is read straight
/// into the caller's buffer. At the end it may be asked again: the file may have grown.
/// </summary>
/// <param name="handle">Stays the caller's.</param>
/// <param name="encoding">Used unless a byte order mark says otherwise.</param>
internal sealed class FileBytes(SafeFileHandle handle, string encoding) : IDisposable
{
    private Inflater? _inflater;
    private Transcoder? _transcoder;
    private byte[] _encoded = [];
    private int _encodedStart;
    private int _encodedEnd;
    private byte[] _unread = [];
    private int _unreadStart;
    private int _unreadEnd;
    private long _raw;
    private bool _isOpen;
    private bool _isFlushed;
    private bool _isExhausted;

    /// <summary>Bytes of text given out, less what was handed back.</summary>
    public long Offset { get; private set; }

    /// <summary>Bytes of the file that were taken.</summary>
    public long RawOffset => _inflater?.RawPosition ?? _raw;

    /// <summary>True when each byte of the file is a byte of the text, so that skipping costs nothing.</summary>
    public bool IsPlain => _isOpen && _inflater is null && _transcoder is null;

    /// <summary>Fills as much as there is.</summary>
    /// <param name="into">Where to.</param>
    /// <param name="isFinal">The file will not grow: an incomplete character at its end is given out as invalid.</param>
    /// <returns>0 at the end.</returns>
    /// <exception cref="InvalidDataException">Compressed data is damaged.</exception>
    public int Read(Span<byte> into, bool isFinal)
    {
        if (into.IsEmpty || (!_isOpen && !TryOpen(isFinal)))
        {
            return 0;
        }

        int read;
        if (_unreadStart < _unreadEnd)
        {
            read = Math.Min(into.Length, _unreadEnd - _unreadStart);
            _unread.AsSpan(_unreadStart, read).CopyTo(into);
            _unreadStart += read;
        }
        else if (_transcoder is null)
        {
            read = ReadContent(into);
        }
        else
        {
            read = into.Length < Transcoder.MinOutput ? TranscodeFew(into, isFinal) : Transcode(into, isFinal);
        }

        Offset += read;
        return read;
    }

    /// <summary>Hands back the last bytes that were read, to be read again.</summary>
    public void Unread(ReadOnlySpan<byte> bytes)
    {
        Offset -= bytes.Length;
        if (IsPlain)
        {
            _raw -= bytes.Length;
        }
        else
        {
            PutBack(bytes);
        }
    }

    /// <summary>Moves forward to an offset, or to the end when that comes first.</summary>
    public void SkipTo(long offset, CancellationToken stop)
    {
        if (offset == Offset || (!_isOpen && !TryOpen(isFinal: true)))
        {
            return;
        }

        if (IsPlain)
        {
            var distance = Math.Min(offset - Offset, RandomAccess.GetLength(handle) - _raw);
            _raw += distance;
            Offset += distance;
            return;
        }

        var buffer = new byte[64 << 10];
        while (Offset < offset && !stop.IsCancellationRequested
            && Read(buffer.AsSpan(0, (int)Math.Min(buffer.Length, offset - Offset)), isFinal: false) > 0)
        {
        }
    }

    /// <summary>At the end: false when the file is compressed and cut off. Only what was handed back can be read afterwards.</summary>
    public bool EndsWhole()
    {
        _isExhausted = true;
        return _inflater?.EndsWhole() ?? true;
    }

    public void Dispose() => _inflater?.Dispose();

    /// <summary>
    /// Looks at the first bytes; false while a growing file is too short to tell what it is. No complete line is held back by
    /// that.
    /// </summary>
    private bool TryOpen(bool isFinal)
    {
        Span<byte> start = stackalloc byte[ByteOrderMark.MaxLength];
        var head = start[..FillFrom(start)];
        if (IsUnclear(head, isFinal))
        {
            return false;
        }

        _inflater = Inflater.Open(handle, head);
        if (_inflater is not null)
        {
            head = start[..FillFrom(start)];
            if (IsUnclear(head, isFinal))
            {
                _inflater.Dispose();
                _inflater = null;
                return false;
            }
        }

        var (marked, length) = ByteOrderMark.Detect(head);
        _transcoder = Transcoder.Create(marked ?? encoding);
        if (_inflater is null)
        {
            _raw = length;
        }
        else if (_transcoder is null)
        {
            PutBack(head[length..]);
        }

        if (_transcoder is not null)
        {
            _encoded = new byte[64 << 10];
            if (_inflater is not null)
            {
                head[length..].CopyTo(_encoded);
                _encodedEnd = head.Length - length;
            }
        }

        return _isOpen = true;
    }

    private static bool IsUnclear(ReadOnlySpan<byte> head, bool isFinal) =>
        !isFinal && head.Length < ByteOrderMark.MaxLength && !head.Contains((byte)'\n');

    private int FillFrom(Span<byte> start)
    {
        var filled = 0;
        while (filled < start.Length)
        {
            var read = _inflater?.Read(start[filled..]) ?? RandomAccess.Read(handle, start[filled..], filled);
            if (read == 0)
            {
                break;
            }

            filled += read;
        }

        return filled;
    }

    private int ReadContent(Span<byte> into)
    {
        if (_inflater is not null)
        {
            return _isExhausted ? 0 : Inflate(into, _inflater);
        }

        var read = RandomAccess.Read(handle, into, _raw);
        _raw += read;
        return read;
    }

    /// <summary>What a decompressor gives after an error is not to be trusted.</summary>
    private int Inflate(Span<byte> into, Inflater inflater)
    {
        _isExhausted = true;
        var read = inflater.Read(into);
        _isExhausted = false;
        return read;
    }

    private int Transcode(Span<byte> into, bool isFinal)
    {
        while (true)
        {
            var written = Decode(into, flush: false);
            if (written > 0)
            {
                return written;
            }

            _encoded.AsSpan(_encodedStart, _encodedEnd - _encodedStart).CopyTo(_encoded);
            _encodedEnd -= _encodedStart;
            _encodedStart = 0;
            var read = ReadContent(_encoded.AsSpan(_encodedEnd));
            _encodedEnd += read;
            if (read == 0)
            {
                return isFinal && !_isFlushed ? Flush(into) : 0;
            }
        }
    }

    private int Flush(Span<byte> into)
    {
        var written = Decode(into, flush: true);
        _isFlushed = _encodedStart == _encodedEnd;
        return written;
    }

    private int Decode(Span<byte> into, bool flush)
    {
        var input = _encoded.AsSpan(_encodedStart, _encodedEnd - _encodedStart);
        _transcoder!.Decode(input, into, flush, out var consumed, out var written);
        _encodedStart += consumed;
        return written;
    }

    /// <summary>There may be no room for one whole character: the rest of it waits to be read.</summary>
    private int TranscodeFew(Span<byte> into, bool isFinal)
    {
        Span<byte> few = stackalloc byte[Transcoder.MinOutput];
        var written = Transcode(few, isFinal);
        var read = Math.Min(written, into.Length);
        few[..read].CopyTo(into);
        PutBack(few[read..written]);
        return read;
    }

    private void PutBack(ReadOnlySpan<byte> bytes)
    {
        var waiting = _unreadEnd - _unreadStart;
        var needed = bytes.Length + waiting;
        var target = needed <= _unread.Length ? _unread : new byte[Math.Max(needed, _unread.Length * 2)];
        _unread.AsSpan(_unreadStart, waiting).CopyTo(target.AsSpan(bytes.Length));
        bytes.CopyTo(target);
        _unread = target;
        _unreadStart = 0;
        _unreadEnd = needed;
    }
}
