using Microsoft.Win32.SafeHandles;

namespace DataFlow.Connectors;

/// <summary>The real file system.</summary>
internal sealed class FileOperations : IFileOperations
{
    public static FileOperations Instance { get; } = new();

    public FileKind? KindOf(string path)
    {
        // Also /dev/stdout while it is a redirected file: somebody else has made and opened that one.
        var kind = FileStat.Of(path)?.Kind;
        var isDevice = path.StartsWith("/dev/", StringComparison.Ordinal) && !path.StartsWith("/dev/shm/", StringComparison.Ordinal);
        return kind is FileKind.Regular && isDevice ? FileKind.Other : kind;
    }

    public IOutputFile Open(string path, FileMode mode)
    {
        // Where the lock is a call of its own, .NET's share modes stay out of the way of those who only read.
        var share = NativeFile.HasLocks ? FileShare.ReadWrite | FileShare.Delete
            : OperatingSystem.IsWindows() ? FileShare.Read
            : FileShare.None;
        SafeFileHandle handle;
        try
        {
            handle = File.OpenHandle(path, mode, FileAccess.ReadWrite, share);
        }
        catch (IOException e) when (FileSinkFailure.IsSharingViolation(e))
        {
            throw new FileLockedException(path);
        }

        if (NativeFile.HasLocks && !NativeFile.TryLock(handle))
        {
            handle.Dispose();
            throw new FileLockedException(path);
        }

        return new OutputFile(handle);
    }

    public IOutputFile OpenStream(string path) => new OutputStream(path);

    public void Delete(string path) => File.Delete(path);

    public void CreateFolder(string path) => Directory.CreateDirectory(path);

    public void SyncFolder(string path) => NativeFile.SyncFolder(path);

    private sealed class OutputFile(SafeFileHandle handle) : IOutputFile
    {
        public long Length => RandomAccess.GetLength(handle);

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, long offset, CancellationToken ct) =>
            RandomAccess.WriteAsync(handle, bytes, offset, ct);

        public int Read(Span<byte> buffer, long offset)
        {
            var total = 0;
            while (total < buffer.Length && RandomAccess.Read(handle, buffer[total..], offset + total) is > 0 and var read)
            {
                total += read;
            }

            return total;
        }

        public void SetLength(long length) => RandomAccess.SetLength(handle, length);

        public void FlushToDisk() => RandomAccess.FlushToDisk(handle);

        public void Dispose() => handle.Dispose();
    }

    /// <summary>A pipe or device: it has no length, and nothing can be taken back.</summary>
    private sealed class OutputStream : IOutputFile
    {
        private readonly FileStream _stream;

        public OutputStream(string path)
        {
            _stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            if (_stream.CanSeek)
            {
                _stream.Seek(0, SeekOrigin.End);
            }
        }

        public long Length => 0;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, long offset, CancellationToken ct) => _stream.WriteAsync(bytes, ct);

        public int Read(Span<byte> buffer, long offset) => 0;

        public void SetLength(long length)
        {
        }

        public void FlushToDisk()
        {
        }

        public void Dispose() => _stream.Dispose();
    }
}
