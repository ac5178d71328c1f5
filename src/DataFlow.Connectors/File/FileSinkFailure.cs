namespace DataFlow.Connectors;

/// <summary>Says in a sentence why a file could not be written.</summary>
internal static class FileSinkFailure
{
    private const int ReadOnlyFileSystem = 30;

    // ENOSPC, EDQUOT (Linux, macOS), ERROR_DISK_FULL, ERROR_HANDLE_DISK_FULL.
    private static readonly int[] DiskFullCodes = [28, 122, 69, unchecked((int)0x80070070), unchecked((int)0x80070027)];

    // EWOULDBLOCK (Linux, macOS), ERROR_SHARING_VIOLATION.
    private static readonly int[] SharingCodes = [11, 35, unchecked((int)0x80070020)];

    public static bool IsSharingViolation(IOException e) => SharingCodes.Contains(e.HResult);

    public static bool IsDiskFull(Exception e) => e is IOException && DiskFullCodes.Contains(e.HResult);

    /// <summary>Why the target can't be opened.</summary>
    public static ConnectorException ToOpen(string path, Exception e) => e switch
    {
        FileLockedException => ConnectorException.User(
            $"The file {path} is being written by another pipeline or process. Stop that one, or give this pipeline another file.", e),
        UnauthorizedAccessException => ConnectorException.User(
            $"There is no permission to write {path}. Give the user '{Environment.UserName}' the right to write to the file and "
                + "its folder, or choose another path.", e),
        _ when e.HResult == ReadOnlyFileSystem => ConnectorException.User($"The file {path} is on a read-only file system. Choose "
            + "another path.", e),
        _ when IsDiskFull(e) => ToWrite(path, e),
        _ => ConnectorException.User($"The file {path} can't be opened for writing: {e.Message}", e),
    };

    /// <summary>Why bytes can't be written or made durable.</summary>
    public static ConnectorException ToWrite(string path, Exception e) => IsDiskFull(e)
        ? ConnectorException.External(
            $"The disk is full while writing {path}. What was written since the last commit is taken back and written again; free "
                + "some space.", e)
        : ConnectorException.External($"Writing {path} failed: {e.Message} What was written since the last commit is taken back "
            + "and written again.", e);

    /// <summary>True for the exceptions that the file system throws.</summary>
    public static bool IsFromFileSystem(Exception e) => e is IOException or UnauthorizedAccessException;
}
