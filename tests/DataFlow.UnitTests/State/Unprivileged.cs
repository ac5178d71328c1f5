using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace DataFlow.UnitTests.State;

/// <summary>Runs code for which file permissions count, also where the tests run as root, for whom they don't.</summary>
internal static partial class Unprivileged
{
    private const uint Nobody = 65534;

    public static void Run(Action action)
    {
        if (!OperatingSystem.IsLinux())
        {
            action();
            return;
        }

        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            // The file-system user belongs to the thread, and the thread ends here.
            _ = SetFileSystemUser(Nobody);
            try
            {
                action();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    [LibraryImport("libc", EntryPoint = "setfsuid")]
    private static partial int SetFileSystemUser(uint user);
}
