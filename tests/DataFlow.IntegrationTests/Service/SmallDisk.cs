using System.Diagnostics;

namespace DataFlow.IntegrationTests.Service;

/// <summary>A file system of a few megabytes of its own, in memory, that can be filled up.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _filler;

    private SmallDisk(string path)
    {
        Path = path;
        _filler = System.IO.Path.Combine(path, "filler");
    }

    public string Path { get; }

    /// <summary>Makes one; skips the test where nobody may.</summary>
    public static SmallDisk Mount(string path, string size)
    {
        Directory.CreateDirectory(path);
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", path),
            "A file system of its own needs the right to mount one: run the tests as root on Linux.");
        return new SmallDisk(path);
    }

    /// <summary>Leaves no byte.</summary>
    public void Fill()
    {
        using var filler = new FileStream(_filler, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        foreach (var size in (int[])[64 << 10, 4 << 10])
        {
            try
            {
                while (true)
                {
                    filler.Write(new byte[size]);
                }
            }
            catch (IOException)
            {
                // Full, as far as pieces of this size go.
            }
        }
    }

    public void Free() => File.Delete(_filler);

    public void Dispose() => Run("umount", "-l", Path);

    private static bool Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
