using System.Diagnostics;
using System.Runtime.InteropServices;

namespace DataFlow.Benchmarks;

/// <summary>User plus system time of this process, or of children that have ended.</summary>
internal static partial class ProcessorTime
{
    private const int OfChildren = -1;

    public static TimeSpan OfThisProcess()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }

    public static TimeSpan OfEndedChildren()
    {
        Span<long> usage = stackalloc long[18];
        return GetUsage(OfChildren, ref MemoryMarshal.GetReference(usage)) == 0
            ? TimeSpan.FromSeconds(usage[0] + usage[2]) + TimeSpan.FromMicroseconds(usage[1] + usage[3])
            : throw new InvalidOperationException("getrusage failed.");
    }

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static partial int GetUsage(int who, ref long usage);
}
