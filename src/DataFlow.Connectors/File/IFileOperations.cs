namespace DataFlow.Connectors;

/// <summary>The file system as the file sink uses it: thin, so that tests can let each operation fail.</summary>
internal interface IFileOperations
{
    /// <summary>What stands at a path, links followed; null for nothing.</summary>
    FileKind? KindOf(string path);

    /// <summary>Opens a regular file for reading and writing and locks it against other writers.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="mode">Open, OpenOrCreate or CreateNew.</param>
    /// <exception cref="FileLockedException">Somebody else writes to it.</exception>
    IOutputFile Open(string path, FileMode mode);

    /// <summary>Opens a pipe or device for writing.</summary>
    IOutputFile OpenStream(string path);

    /// <summary>Removes a file.</summary>
    void Delete(string path);

    /// <summary>Creates a folder and those above it.</summary>
    void CreateFolder(string path);

    /// <summary>Makes the names in a folder durable.</summary>
    void SyncFolder(string path);
}

/// <summary>An open file. Positions are given with each call.</summary>
internal interface IOutputFile : IDisposable
{
    /// <summary>Length in bytes.</summary>
    long Length { get; }

    /// <summary>Writes all bytes, or throws.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, long offset, CancellationToken ct);

    /// <summary>Reads up to the buffer's length; less only at the end of the file.</summary>
    int Read(Span<byte> buffer, long offset);

    /// <summary>Cuts the file.</summary>
    void SetLength(long length);

    /// <summary>Makes all that was written durable.</summary>
    void FlushToDisk();
}

/// <summary>Somebody else has the file open for writing.</summary>
internal sealed class FileLockedException(string path) : IOException($"{path} is locked.");
