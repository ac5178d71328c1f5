using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace DataFlow.Connectors;

/// <summary>
/// One file of a journal: a head, then frames with their messages. Named by its first message, so that names are in order. Not
/// thread-safe.
/// </summary>
internal sealed class JournalSegment : IDisposable
{
    public const string Extension = ".journal";

    private const int HeadSize = 32;
    private const int ScanStep = 1 << 20;

    private readonly SafeFileHandle _handle;
    private byte[] _scratch = [];

    private JournalSegment(string path, SafeFileHandle handle, Guid journal, long first)
    {
        (Path, _handle, Journal, First) = (path, handle, journal, first);
        Length = HeadSize;
    }

    private static ReadOnlySpan<byte> Magic => "DFMSG002"u8;

    public string Path { get; }

    /// <summary>The journal it belongs to.</summary>
    public Guid Journal { get; }

    /// <summary>Number of the first message that may be in it.</summary>
    public long First { get; }

    /// <summary>Bytes that are in it.</summary>
    public long Length { get; private set; }

    /// <summary>Where its first frame starts.</summary>
    public static long Start => HeadSize;

    /// <summary>Begins a file.</summary>
    public static JournalSegment Create(string folder, Guid journal, long first)
    {
        var path = System.IO.Path.Combine(folder, first.ToString("D19", CultureInfo.InvariantCulture) + Extension);
        var handle = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
        var segment = new JournalSegment(path, handle, journal, first);
        Span<byte> head = stackalloc byte[HeadSize];
        Magic.CopyTo(head);
        journal.TryWriteBytes(head[8..]);
        BinaryPrimitives.WriteInt64LittleEndian(head[24..], first);
        RandomAccess.Write(handle, head, 0);
        return segment;
    }

    /// <summary>Opens a file that is there; null when its head was never written completely, so that nothing is in it.</summary>
    /// <exception cref="ConnectorException">It is something else.</exception>
    public static JournalSegment? Open(string path)
    {
        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        Span<byte> head = stackalloc byte[HeadSize];
        if (RandomAccess.Read(handle, head, 0) < HeadSize)
        {
            handle.Dispose();
            File.Delete(path);
            return null;
        }

        if (!head.StartsWith(Magic))
        {
            handle.Dispose();
            throw ConnectorException.User($"{path} is no journal of this version; move it away to start a new one.");
        }

        return new JournalSegment(path, handle, new Guid(head.Slice(8, 16)), BinaryPrimitives.ReadInt64LittleEndian(head[24..]));
    }

    /// <summary>Appends a message; it survives the end of the process.</summary>
    public void Append(MessageFrame frame, ReadOnlySpan<byte> message)
    {
        var size = MessageFrame.Size + message.Length;
        if (_scratch.Length < size)
        {
            _scratch = new byte[Math.Max(size, 4096)];
        }

        var bytes = _scratch.AsSpan(0, size);
        System.Runtime.InteropServices.MemoryMarshal.Write(bytes, in frame);
        message.CopyTo(bytes[MessageFrame.Size..]);
        frame.Checksum = ChecksumOf(bytes);
        System.Runtime.InteropServices.MemoryMarshal.Write(bytes, in frame);
        RandomAccess.Write(_handle, bytes, Length);
        Length += size;
    }

    /// <summary>Reads bytes that are in it.</summary>
    public void Read(long offset, Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var read = RandomAccess.Read(_handle, bytes, offset);
            if (read == 0)
            {
                throw ConnectorException.External($"{Path} is shorter than it was when this run began: somebody has cut it. Start again; what is left of it is read.");
            }

            bytes = bytes[read..];
            offset += read;
        }
    }

    /// <summary>
    /// Takes in what a former process has written. Where the last message was cut off by the end of that process, or one is damaged, the
    /// file ends before it, once the rest is <see cref="CutOff"/>.
    /// </summary>
    /// <param name="see">Called with pieces of whole frames and where they start.</param>
    public void Recover(Action<ReadOnlySpan<byte>, long> see)
    {
        var total = RandomAccess.GetLength(_handle);
        var buffer = new byte[ScanStep];
        while (true)
        {
            var filled = (int)Math.Min(buffer.Length, total - Length);
            Read(Length, buffer.AsSpan(0, filled));
            var whole = WholeFrames(buffer.AsSpan(0, filled), out var needed);
            if (whole > 0)
            {
                see(buffer.AsSpan(0, whole), Length);
                Length += whole;
            }
            else if (needed > buffer.Length && needed <= total - Length)
            {
                buffer = new byte[needed];
            }
            else
            {
                break;
            }
        }
    }

    /// <summary>Cuts off what could not be taken in.</summary>
    public void CutOff() => RandomAccess.SetLength(_handle, Length);

    /// <summary>Moves what could not be taken in to a file of its own.</summary>
    /// <returns>Its path; null when there is nothing.</returns>
    public string? KeepDamaged()
    {
        var total = RandomAccess.GetLength(_handle);
        if (total == Length)
        {
            return null;
        }

        var path = string.Create(CultureInfo.InvariantCulture, $"{Path}.{Length}.damaged");
        using (var aside = File.OpenHandle(path, FileMode.Create, FileAccess.Write, preallocationSize: total - Length))
        {
            var buffer = new byte[ScanStep];
            for (var at = Length; at < total; at += ScanStep)
            {
                var piece = buffer.AsSpan(0, (int)Math.Min(ScanStep, total - at));
                Read(at, piece);
                RandomAccess.Write(aside, piece, at - Length);
            }

            RandomAccess.FlushToDisk(aside);
        }

        CutOff();
        return path;
    }

    /// <summary>Makes it durable.</summary>
    public void Flush() => RandomAccess.FlushToDisk(_handle);

    public void Dispose() => _handle.Dispose();

    /// <summary>Removes the file.</summary>
    public void Delete()
    {
        Dispose();
        File.Delete(Path);
    }

    private static int WholeFrames(ReadOnlySpan<byte> bytes, out int needed)
    {
        var at = 0;
        needed = 0;
        while (bytes.Length - at >= MessageFrame.Size)
        {
            ref readonly var frame = ref MessageFrame.At(bytes, at);
            if (frame.Length < 0 || frame.Length > Array.MaxLength - MessageFrame.Size || frame.Number <= 0)
            {
                break;
            }

            var size = MessageFrame.Size + frame.Length;
            if (size > bytes.Length - at)
            {
                needed = size;
                break;
            }

            if (frame.Checksum != ChecksumOf(bytes.Slice(at, size)))
            {
                break;
            }

            at += size;
        }

        return at;
    }

    private static ulong ChecksumOf(ReadOnlySpan<byte> frame) => XxHash3.HashToUInt64(frame[sizeof(ulong)..]);
}
