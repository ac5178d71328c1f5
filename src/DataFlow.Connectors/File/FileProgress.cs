namespace DataFlow.Connectors;

/// <summary>How many bytes of the files are read and how many are left. Written by the reader, read from any thread.</summary>
internal sealed class FileProgress
{
    private long _read;
    private long _left = -1;

    /// <summary>Null before the files were looked at.</summary>
    public long? Left => Interlocked.Read(ref _left) is >= 0 and var left ? left : null;

    /// <summary>Null before the files were looked at.</summary>
    public long? Total => Left is { } left ? left + Interlocked.Read(ref _read) : null;

    /// <summary>Sets what is left, after a look at the files.</summary>
    public void Expect(long bytes) => Interlocked.Exchange(ref _left, Math.Max(0, bytes));

    /// <summary>Leaves out bytes that earlier runs have read.</summary>
    public void Forgo(long bytes) => Interlocked.Exchange(ref _left, Math.Max(0, Interlocked.Read(ref _left) - bytes));

    /// <summary>Counts bytes that were read.</summary>
    public void Add(long bytes)
    {
        Interlocked.Add(ref _read, bytes);
        Forgo(bytes);
    }
}
