using Microsoft.Win32.SafeHandles;

namespace DataFlow.Connectors;

/// <summary>
/// Reads an open file from its start, for decoders that want a stream. At the end it may be asked again: the file may have
/// grown.
/// </summary>
/// <param name="handle">Stays the caller's.</param>
internal sealed class HandleStream(SafeFileHandle handle) : Stream
{
    private ReadOnlyMemory<byte> _extra;
    private int _extraRead;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    /// <summary>Bytes of the file that were taken.</summary>
    public override long Position { get; set; }

    /// <summary>Gives out these bytes after the end of the file.</summary>
    public void Append(ReadOnlyMemory<byte> bytes)
    {
        _extra = bytes;
        _extraRead = 0;
    }

    public override int Read(Span<byte> buffer)
    {
        var read = RandomAccess.Read(handle, buffer, Position);
        if (read == 0 && _extraRead < _extra.Length)
        {
            read = Math.Min(buffer.Length, _extra.Length - _extraRead);
            _extra.Span.Slice(_extraRead, read).CopyTo(buffer);
            _extraRead += read;
            return read;
        }

        Position += read;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
