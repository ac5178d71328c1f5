using DataFlow.Connectors;

namespace DataFlow.UnitTests.Sinks;

/// <summary>The real file system, whose operations fail when a test says so.</summary>
internal sealed class FaultyFileSystem : IFileOperations
{
    private const int NoSpace = 28;

    private readonly FileOperations _real = FileOperations.Instance;

    /// <summary>Bytes that the disk still takes; the write that exceeds them is cut short and fails.</summary>
    public long FreeBytes { get; set; } = long.MaxValue;

    /// <summary>Fails the flush with this number, 1-based; 0 for none.</summary>
    public int FailFlush { get; set; }

    public bool FailFolderSync { get; set; }

    public int Flushes { get; private set; }

    public List<string> SyncedFolders { get; } = [];

    public FileKind? KindOf(string path) => _real.KindOf(path);

    public IOutputFile Open(string path, FileMode mode) => new FaultyFile(this, _real.Open(path, mode));

    public IOutputFile OpenStream(string path) => new FaultyFile(this, _real.OpenStream(path));

    public void Delete(string path) => _real.Delete(path);

    public void CreateFolder(string path) => _real.CreateFolder(path);

    public void SyncFolder(string path)
    {
        if (FailFolderSync)
        {
            throw new IOException("Input/output error", 5);
        }

        SyncedFolders.Add(path);
        _real.SyncFolder(path);
    }

    private sealed class FaultyFile(FaultyFileSystem system, IOutputFile real) : IOutputFile
    {
        public long Length => real.Length;

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, long offset, CancellationToken ct)
        {
            var fits = (int)Math.Min(bytes.Length, system.FreeBytes);
            system.FreeBytes -= fits;
            await real.WriteAsync(bytes[..fits], offset, ct);
            if (fits < bytes.Length)
            {
                throw new IOException("No space left on device", NoSpace);
            }
        }

        public int Read(Span<byte> buffer, long offset) => real.Read(buffer, offset);

        public void SetLength(long length) => real.SetLength(length);

        public void FlushToDisk()
        {
            if (++system.Flushes == system.FailFlush)
            {
                throw new IOException("Input/output error", 5);
            }

            real.FlushToDisk();
        }

        public void Dispose() => real.Dispose();
    }
}
