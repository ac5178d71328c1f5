using System.Diagnostics;
using System.Globalization;

namespace DataFlow;

/// <summary>
/// Places where a test can make the process die, as SIGKILL would: <c>DATAFLOW_CRASH_AT=after-fsync:3</c> kills it when it gets
/// to <c>after-fsync</c> for the third time. Costs one comparison otherwise. Thread-safe.
/// </summary>
public static class CrashPoint
{
    /// <summary>The sink has taken a batch.</summary>
    public const string AfterWrite = "after-write";

    /// <summary>Dead letters are stored, the commit they belong to is not.</summary>
    public const string AfterDeadLetters = "after-dead-letters";

    /// <summary>A commit begins.</summary>
    public const string BeforeSinkCommit = "before-sink-commit";

    /// <summary>The file sink's bytes are on the disk.</summary>
    public const string AfterFsync = "after-fsync";

    /// <summary>The file sink has begun another file.</summary>
    public const string AfterRotate = "after-rotate";

    /// <summary>The sink is durable, the state does not know yet.</summary>
    public const string AfterSinkCommit = "after-sink-commit";

    /// <summary>The state is durable, the source does not know yet.</summary>
    public const string AfterStateCommit = "after-state-commit";

    /// <summary>The source knows.</summary>
    public const string AfterAcknowledge = "after-acknowledge";

    private static readonly (string Name, int Time) Wanted = Parse(Environment.GetEnvironmentVariable("DATAFLOW_CRASH_AT"));
    private static int _reached;

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [AfterWrite, AfterDeadLetters, BeforeSinkCommit, AfterFsync, AfterRotate, AfterSinkCommit, AfterStateCommit, AfterAcknowledge];

    /// <summary>Dies here if this is the place and the time.</summary>
    public static void Reach(string name)
    {
        if (ReferenceEquals(Wanted.Name, "") || Wanted.Name != name || Interlocked.Increment(ref _reached) != Wanted.Time)
        {
            return;
        }

        using var process = Process.GetCurrentProcess();
        process.Kill();
        process.WaitForExit();
    }

    private static (string Name, int Time) Parse(string? wanted)
    {
        if (string.IsNullOrEmpty(wanted))
        {
            return ("", 0);
        }

        var parts = wanted.Split(':', 2);
        return (parts[0], parts.Length == 2 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 1);
    }
}
