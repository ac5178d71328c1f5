using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DataFlow.Connectors;

/// <summary>What .NET doesn't offer: the kind of a file, fsync of a folder, a lock against writers that lets readers in.</summary>
internal static class NativeFile
{
    private const int AtFdCwd = -100;
    private const int ModeMask = 0xF000;
    private const int RegularMode = 0x8000;
    private const int FolderMode = 0x4000;
    private const uint TypeField = 1;
    private const int SetOpenFileLock = 37;
    private const short WriteLock = 1;
    private const int InvalidArgument = 22;
    private const int NotSupported = 95;

    /// <summary>True where <see cref="TryLock"/> works; elsewhere the file is opened with a share mode that excludes others.</summary>
    public static bool HasLocks { get; } = OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    /// <summary>What stands at a path, links followed.</summary>
    public static PathKind KindOf(string path)
    {
        if (path.StartsWith("/dev/", StringComparison.Ordinal) && File.Exists(path) && !path.StartsWith("/dev/shm/", StringComparison.Ordinal))
        {
            // Also /dev/stdout while it is a redirected file: somebody else has made and opened that one.
            return PathKind.Other;
        }

        if (Directory.Exists(path))
        {
            return PathKind.Folder;
        }

        if (!File.Exists(path))
        {
            return PathKind.Missing;
        }

        return OperatingSystem.IsLinux() ? LinuxKindOf(path) : PathKind.File;
    }

    /// <summary>Locks a file against other writers until the handle is closed. False when another handle has the lock.</summary>
    public static bool TryLock(SafeFileHandle handle)
    {
        // An open-file-description lock: it belongs to the handle, not to the process, and is freed by the kernel at kill -9.
        var request = new FileLock { Type = WriteLock };
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

    private static PathKind LinuxKindOf(string path)
    {
        Span<byte> buffer = stackalloc byte[256];
        if (Statx(AtFdCwd, path, 0, TypeField, ref MemoryMarshal.GetReference(buffer)) != 0)
        {
            return PathKind.File;
        }

        return (BinaryPrimitives.ReadUInt16LittleEndian(buffer[28..]) & ModeMask) switch
        {
            RegularMode => PathKind.File,
            FolderMode => PathKind.Folder,
            _ => PathKind.Other,
        };
    }

    private static IOException Failure(string path) => new($"{Marshal.GetLastPInvokeErrorMessage()}: {path}", Marshal.GetLastPInvokeError());

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static extern int Fsync(int file);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    private static extern int Close(int file);

    [DllImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static extern int Fcntl(SafeFileHandle file, int command, ref FileLock request);

    // The layout of struct statx is the same on every architecture, unlike that of struct stat.
    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static extern int Statx(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, ref byte buffer);

    [StructLayout(LayoutKind.Sequential)]
    private struct FileLock
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int Process;
    }
}
