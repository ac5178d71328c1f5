using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DataFlow.Connectors;

/// <summary>What .NET doesn't offer for writing: fsync of a folder, and a lock against writers that lets readers in.</summary>
internal static class NativeFile
{
    private const int SetOpenFileLock = 37;
    private const short WriteLock = 1;
    private const int InvalidArgument = 22;
    private const int NotSupported = 95;

    /// <summary>True where <see cref="TryLock"/> works; elsewhere the file is opened with a share mode that excludes others.</summary>
    public static bool HasLocks { get; } = OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    /// <summary>Locks a file against other writers until the handle is closed. False when another handle has the lock.</summary>
    public static bool TryLock(SafeFileHandle handle)
    {
        // An open-file-description lock: it belongs to the handle, not to the process, and is freed by the kernel at kill -9.
        var request = new LockRequest { Type = WriteLock };
        if (Fcntl(handle, SetOpenFileLock, ref request) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() is InvalidArgument or NotSupported;
    }

    /// <summary>Makes the names in a folder durable. On Windows the file system does it by itself.</summary>
    /// <exception cref="IOException">It failed.</exception>
    public static void SyncFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var folder = Open(path, flags: 0);
        if (folder < 0)
        {
            throw Failure(path);
        }

        var failed = Fsync(folder) != 0 && Marshal.GetLastPInvokeError() != InvalidArgument;
        var failure = failed ? Failure(path) : null;
        _ = Close(folder);
        if (failure is not null)
        {
            throw failure;
        }
    }

    private static IOException Failure(string path) =>
        new($"{Marshal.GetLastPInvokeErrorMessage()}: {path}", Marshal.GetLastPInvokeError());

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static extern int Fsync(int file);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    private static extern int Close(int file);

    [DllImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static extern int Fcntl(SafeFileHandle file, int command, ref LockRequest request);

    [StructLayout(LayoutKind.Sequential)]
    private struct LockRequest
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int Process;
    }
}
