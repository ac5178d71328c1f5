using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DataFlow.Connectors;

/// <summary>What stands at a path.</summary>
internal enum FileKind
{
    Regular,
    Folder,
    Other,
}

/// <summary>
/// What the operating system knows about a file. .NET has no inode: this is the one place that asks for it. Where it can't
/// be had (Windows, an old C library) it is zero, and path and time of creation stand in for it.
/// </summary>
/// <param name="Kind">What stands there.</param>
/// <param name="Size">Length in bytes.</param>
/// <param name="Modified">Last write.</param>
/// <param name="Device">Where the inode counts; may change when a volume is mounted again.</param>
/// <param name="Inode">The file itself, whatever its name; 0 when unknown. Used again after a deletion.</param>
/// <param name="Born">When the inode came into use, in ticks; 0 when the file system doesn't keep it.</param>
internal readonly record struct FileStat(FileKind Kind, long Size, DateTime Modified, ulong Device, ulong Inode, long Born)
{
    private const int AtFdCwd = -100;
    private const int AtEmptyPath = 0x1000;
    private const uint BasicStatsAndBirth = 0xFFF;

    private static readonly bool HasNative = Probe();

    /// <summary>Null when nothing is there.</summary>
    /// <exception cref="UnauthorizedAccessException">A folder on the way may not be searched.</exception>
    public static FileStat? Of(string path)
    {
        if (!HasNative)
        {
            return Portable(path);
        }

        Span<byte> buffer = stackalloc byte[256];
        var failed = OperatingSystem.IsLinux()
            ? Statx(AtFdCwd, path, 0, BasicStatsAndBirth, ref MemoryMarshal.GetReference(buffer))
            : MacStat(path, ref MemoryMarshal.GetReference(buffer));
        return failed == 0 ? Parse(buffer) : Failure(path);
    }

    /// <summary>The file behind a handle, wherever it has been moved to.</summary>
    public static FileStat Of(SafeFileHandle handle)
    {
        if (!HasNative)
        {
            return new FileStat(
                FileKind.Regular,
                RandomAccess.GetLength(handle),
                File.GetLastWriteTimeUtc(handle),
                Device: 0,
                Inode: 0,
                File.GetCreationTimeUtc(handle).Ticks);
        }

        Span<byte> buffer = stackalloc byte[256];
        var failed = OperatingSystem.IsLinux()
            ? Statx(handle, "", AtEmptyPath, BasicStatsAndBirth, ref MemoryMarshal.GetReference(buffer))
            : MacStat(handle, ref MemoryMarshal.GetReference(buffer));
        return failed == 0
            ? Parse(buffer)
            : throw new IOException($"The open file can't be looked at: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    /// <summary>True when both are the same file. The device is left out: it changes when a volume is mounted again.</summary>
    public bool IsSameFile(ulong inode, long born) => Inode != 0 && Inode == inode && Born == born;

    private static bool Probe()
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
        {
            return false;
        }

        try
        {
            Span<byte> buffer = stackalloc byte[256];
            return (OperatingSystem.IsLinux()
                ? Statx(AtFdCwd, "/", 0, BasicStatsAndBirth, ref MemoryMarshal.GetReference(buffer))
                : MacStat("/", ref MemoryMarshal.GetReference(buffer))) == 0;
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            return false;
        }
    }

    private static FileStat? Failure(string path)
    {
        const int NoEntry = 2, NotAFolder = 20, NotPermitted = 1, NoAccess = 13;
        var linksInACircle = OperatingSystem.IsLinux() ? 40 : 62;
        return Marshal.GetLastPInvokeError() switch
        {
            NoEntry or NotAFolder => null,
            NotPermitted or NoAccess => throw new UnauthorizedAccessException(Marshal.GetLastPInvokeErrorMessage()),
            var error when error == linksInACircle => null,
            _ => throw new IOException($"{path}: {Marshal.GetLastPInvokeErrorMessage()}."),
        };
    }

    private static FileStat Parse(ReadOnlySpan<byte> buffer)
    {
        if (OperatingSystem.IsLinux())
        {
            const uint BirthIsKnown = 0x800;
            return new FileStat(
                KindOf(BinaryPrimitives.ReadUInt16LittleEndian(buffer[28..])),
                BinaryPrimitives.ReadInt64LittleEndian(buffer[40..]),
                new DateTime(TimeAt(buffer[112..]), DateTimeKind.Utc),
                BinaryPrimitives.ReadUInt64LittleEndian(buffer[136..]),
                BinaryPrimitives.ReadUInt64LittleEndian(buffer[32..]),
                (BinaryPrimitives.ReadUInt32LittleEndian(buffer) & BirthIsKnown) != 0 ? TimeAt(buffer[80..]) : 0);
        }

        return new FileStat(
            KindOf(BinaryPrimitives.ReadUInt16LittleEndian(buffer[4..])),
            BinaryPrimitives.ReadInt64LittleEndian(buffer[96..]),
            new DateTime(MacTimeAt(buffer[48..]), DateTimeKind.Utc),
            BinaryPrimitives.ReadUInt32LittleEndian(buffer),
            BinaryPrimitives.ReadUInt64LittleEndian(buffer[8..]),
            MacTimeAt(buffer[80..]));
    }

    private static FileKind KindOf(int mode) => (mode & 0xF000) switch
    {
        0x8000 => FileKind.Regular,
        0x4000 => FileKind.Folder,
        _ => FileKind.Other,
    };

    private static long TimeAt(ReadOnlySpan<byte> time) =>
        Ticks(BinaryPrimitives.ReadInt64LittleEndian(time), BinaryPrimitives.ReadUInt32LittleEndian(time[8..]));

    private static long MacTimeAt(ReadOnlySpan<byte> time) =>
        Ticks(BinaryPrimitives.ReadInt64LittleEndian(time), BinaryPrimitives.ReadInt64LittleEndian(time[8..]));

    private static long Ticks(long seconds, long nanoseconds) =>
        DateTime.UnixEpoch.Ticks + (seconds * TimeSpan.TicksPerSecond) + (nanoseconds / TimeSpan.NanosecondsPerTick);

    private static FileStat? Portable(string path)
    {
        var info = new FileInfo(path);
        if (Directory.Exists(path))
        {
            return new FileStat(FileKind.Folder, 0, info.LastWriteTimeUtc, 0, 0, 0);
        }

        return info.Exists ? new FileStat(FileKind.Regular, info.Length, info.LastWriteTimeUtc, 0, 0, info.CreationTimeUtc.Ticks) : null;
    }

    // The layout of struct statx is the same on every architecture, unlike that of struct stat.
    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static extern int Statx(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, ref byte buffer);

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static extern int Statx(
        SafeFileHandle file, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, ref byte buffer);

    private static int MacStat(string path, ref byte buffer) =>
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? Stat(path, ref buffer) : StatInode64(path, ref buffer);

    private static int MacStat(SafeFileHandle file, ref byte buffer) =>
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? Fstat(file, ref buffer) : FstatInode64(file, ref buffer);

    [DllImport("libc", EntryPoint = "stat", SetLastError = true)]
    private static extern int Stat([MarshalAs(UnmanagedType.LPUTF8Str)] string path, ref byte buffer);

    [DllImport("libc", EntryPoint = "stat$INODE64", SetLastError = true)]
    private static extern int StatInode64([MarshalAs(UnmanagedType.LPUTF8Str)] string path, ref byte buffer);

    [DllImport("libc", EntryPoint = "fstat", SetLastError = true)]
    private static extern int Fstat(SafeFileHandle file, ref byte buffer);

    [DllImport("libc", EntryPoint = "fstat$INODE64", SetLastError = true)]
    private static extern int FstatInode64(SafeFileHandle file, ref byte buffer);
}

/// <summary>
/// .NET locks every file that it opens on Unix, so that a log writer that wants its file for itself would fail while we read.
/// A reader must not disturb the writer.
/// </summary>
internal static class FileLock
{
    public static void Release(SafeFileHandle handle)
    {
        const int Unlock = 8;
        if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
        {
            Flock(handle, Unlock);
        }
    }

    [DllImport("libc", EntryPoint = "flock")]
    private static extern int Flock(SafeFileHandle file, int operation);
}
