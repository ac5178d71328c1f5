using System.Diagnostics;
using System.Globalization;

namespace DataFlow;

/// <summary>
/// Named places where a test lets the process die, as if the power had failed: <c>DATAFLOW_CRASH_AT=after-fsync:3</c> kills
/// it when it comes to <c>after-fsync</c> for the third time. Costs nothing when the variable is not set.
/// </summary>
public static class CrashPoint
{
    /// <summary>The environment variable that names the place and the number.</summary>
    public const string Variable = "DATAFLOW_CRASH_AT";

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
        "after-sink-open", "after-write", "after-rotate", "before-fsync", "after-fsync", "after-folder-fsync",
    ];

    /// <summary>Says that the process is at a place.</summary>
    public static void Reach(string name)
    {
        Debug.Assert(Names.Contains(name), $"The crash point '{name}' is not in the list of names.");
        if (ArmedName is not null && ArmedName == name && Interlocked.Decrement(ref _left) == 0)
        {
            Process.GetCurrentProcess().Kill();
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
