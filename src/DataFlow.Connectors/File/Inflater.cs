using System.Buffers;
using System.IO.Compression;
using Microsoft.Win32.SafeHandles;
using ZstdSharp;

namespace DataFlow.Connectors;

/// <summary>The content of a compressed file. Members or frames that follow each other are one content.</summary>
internal abstract class Inflater : IDisposable
{
    private static ReadOnlySpan<byte> GzipMagic => [0x1F, 0x8B];

    private static ReadOnlySpan<byte> ZstdMagic => [0x28, 0xB5, 0x2F, 0xFD];

    /// <summary>Bytes of the file that were taken.</summary>
    public abstract long RawPosition { get; }

    /// <summary>Recognises a compressed file by its first bytes, never by its name; null for any other.</summary>
    public static Inflater? Open(SafeFileHandle handle, ReadOnlySpan<byte> head) =>
        head.StartsWith(GzipMagic) ? new GzipInflater(handle)
        : head.StartsWith(ZstdMagic) || IsSkippableFrame(head) ? new ZstdInflater(handle)
        : null;

    /// <summary>True when a file with these few bytes, all it has, is the start of a compressed one. Only here the name counts.</summary>
    public static bool IsCutInMagic(ReadOnlySpan<byte> whole, string path) =>
        (whole.Length < GzipMagic.Length && path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) && GzipMagic.StartsWith(whole))
        || (whole.Length < ZstdMagic.Length && path.EndsWith(".zst", StringComparison.OrdinalIgnoreCase) && ZstdMagic.StartsWith(whole));

    /// <summary>Fills as much as there is. 0 at the end of the file, which may grow.</summary>
    /// <exception cref="InvalidDataException">The data is damaged.</exception>
    public abstract int Read(Span<byte> into);

    /// <summary>At the end of the file: true when the last member or frame is complete. Nothing can be read afterwards.</summary>
    public abstract bool EndsWhole();

    public abstract void Dispose();

    /// <summary>Parallel compressors put a frame without content first.</summary>
    private static bool IsSkippableFrame(ReadOnlySpan<byte> head) => head is [>= 0x50 and <= 0x5F, 0x2A, 0x4D, 0x18, ..];
}

/// <summary>Members of gzip.</summary>
internal sealed class GzipInflater : Inflater
{
    private readonly HandleStream _input;
    private readonly GZipStream _content;

    public GzipInflater(SafeFileHandle handle)
    {
        _input = new HandleStream(handle);
        _content = new GZipStream(_input, CompressionMode.Decompress, leaveOpen: true);
    }

    public override long RawPosition => _input.Position;

    public override int Read(Span<byte> into) => _content.Read(into);

    public override bool EndsWhole()
    {
        _input.Append(GzipMarker.Member);
        var rest = new byte[GzipMarker.Length];
        try
        {
            return GzipMarker.Is(rest.AsSpan(0, _content.ReadAtLeast(rest, rest.Length, throwOnEndOfStream: false)));
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    public override void Dispose()
    {
        _content.Dispose();
        _input.Dispose();
    }
}

/// <summary>Zstandard frames.</summary>
internal sealed class ZstdInflater : Inflater
{
    private readonly HandleStream _input;
    private readonly Decompressor _decompressor = new();
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(128 << 10);
    private int _start;
    private int _end;
    private bool _frameIsOpen;
    private bool _disposed;

    public ZstdInflater(SafeFileHandle handle) => _input = new HandleStream(handle);

    public override long RawPosition => _input.Position;

    public override int Read(Span<byte> into)
    {
        while (true)
        {
            if (_start == _end)
            {
                _start = 0;
                _end = _input.Read(_buffer);
            }

            // Also without new input: the decompressor may still hold content for which there was no room.
            OperationStatus status;
            int consumed, written;
            try
            {
                status = _decompressor.UnwrapStream(_buffer.AsSpan(_start, _end - _start), into, out consumed, out written);
            }
            catch (ZstdException e)
            {
                throw new InvalidDataException(e.Message, e);
            }

            if (status == OperationStatus.InvalidData)
            {
                throw new InvalidDataException("The zstd data is damaged.");
            }

            _start += consumed;
            if (consumed > 0 || written > 0)
            {
                _frameIsOpen = status != OperationStatus.Done;
            }

            if (written > 0 || (consumed == 0 && _start == _end))
            {
                return written;
            }
        }
    }

    public override bool EndsWhole() => !_frameIsOpen;

    public override void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            ArrayPool<byte>.Shared.Return(_buffer);
            _decompressor.Dispose();
            _input.Dispose();
        }
    }
}
