using System.Globalization;

namespace DataFlow.Benchmarks;

/// <summary>What the benchmark was asked for.</summary>
/// <param name="Megabytes">Size of the generated input.</param>
/// <param name="Rounds">Measured rounds.</param>
/// <param name="LargeMegabytes">Size of the files for which memory is measured.</param>
/// <param name="Data">Folder of the generated input.</param>
/// <param name="Output">Folder of the results.</param>
/// <param name="Job">Only jobs whose name contains this.</param>
/// <param name="Mode">Only this mode, or null for all.</param>
/// <param name="Child">The mode that this process measures; null in the process that was started by hand.</param>
/// <param name="DatabaseRows">Rows for the databases, which are measured instead of the rest when it is not 0.</param>
internal sealed record Arguments(
    int Megabytes, int Rounds, int LargeMegabytes, string Data, string Output, string Job, string? Mode, string? Child, long DatabaseRows)
{
    /// <summary>True when only a part is measured, which makes no report.</summary>
    public bool IsPart => Job.Length > 0 || Mode is not null;

    public static Arguments Parse(string[] args)
    {
        string? Value(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
        int Number(string name, int otherwise) => Value(name) is { } value ? int.Parse(value, CultureInfo.InvariantCulture) : otherwise;

        return new Arguments(
            Number("--mb", 400),
            Number("--rounds", 5),
            Number("--large-mb", 1024),
            Path.GetFullPath(Value("--data") ?? "bench/data"),
            Path.GetFullPath(Value("--out") ?? "bench/results"),
            Value("--job") ?? "",
            Value("--mode"),
            Value("--child"),
            Number("--databases", 0));
    }
}
