using System.Diagnostics;
using System.Globalization;

namespace DataFlow;

/// <summary>
/// Named places where a test lets the process die, as if the power had failed: <c>DATAFLOW_CRASH_AT=after-fsync:3</c> kills
/// it when it comes to <c>after-fsync</c> for the third time. Costs nothing when the variable is not set. Thread-safe.
/// </summary>
public static class CrashPoint
{
    /// <summary>The environment variable that names the place and the number.</summary>
    public const string Variable = "DATAFLOW_CRASH_AT";

    /// <summary>The sink is open, nothing is committed yet.</summary>
    public const string AfterSinkOpen = "after-sink-open";

    /// <summary>The sink has taken a batch.</summary>
    public const string AfterWrite = "after-write";

    /// <summary>Dead letters are stored, the commit they belong to is not.</summary>
    public const string AfterDeadLetters = "after-dead-letters";

    /// <summary>A commit begins.</summary>
    public const string BeforeSinkCommit = "before-sink-commit";

    /// <summary>The file sink is about to flush.</summary>
    public const string BeforeFsync = "before-fsync";

    /// <summary>The file sink's bytes are on the disk.</summary>
    public const string AfterFsync = "after-fsync";

    /// <summary>The folder entry of the file is on the disk.</summary>
    public const string AfterFolderFsync = "after-folder-fsync";

    /// <summary>The file sink has begun another file.</summary>
    public const string AfterRotate = "after-rotate";

    /// <summary>The sink is durable, the state does not know yet.</summary>
    public const string AfterSinkCommit = "after-sink-commit";

    /// <summary>The state is durable, the source does not know yet.</summary>
    public const string AfterStateCommit = "after-state-commit";

    /// <summary>The source knows.</summary>
    public const string AfterAcknowledge = "after-acknowledge";

    private static readonly string? ArmedName;
    private static int _left;

    static CrashPoint()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } setting)
        {
            (ArmedName, _left) = Parse(setting);
        }
    }

    /// <summary>All places, so that a test can visit each.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        AfterSinkOpen, AfterWrite, AfterDeadLetters, BeforeSinkCommit, BeforeFsync, AfterFsync, AfterFolderFsync, AfterRotate,
        AfterSinkCommit, AfterStateCommit, AfterAcknowledge,
    ];

    /// <summary>Says that the process is at a place.</summary>
    public static void Reach(string name)
    {
        Debug.Assert(Names.Contains(name), $"The crash point '{name}' is not in the list of names.");
        if (ArmedName is not null && ArmedName == name && Interlocked.Decrement(ref _left) == 0)
        {
            using var process = Process.GetCurrentProcess();
            process.Kill();
            process.WaitForExit();
        }
    }

    /// <summary>Reads <c>name:n</c>; without a number it is the first time.</summary>
    /// <exception cref="FormatException">The text has another form or names no place.</exception>
    internal static (string Name, int Times) Parse(string setting)
    {
        var colon = setting.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? setting : setting[..colon];
        var times = 1;
        if (!Names.Contains(name) || (colon >= 0 && !int.TryParse(setting.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out times)))
        {
            throw new FormatException($"{Variable} is '{setting}'; it must be name:number with one of the names {string.Join(", ", Names)}.");
        }

        return (name, times);
    }
}
