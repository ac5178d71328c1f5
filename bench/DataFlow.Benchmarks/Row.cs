using System.Text.Json;

namespace DataFlow.Benchmarks;

/// <summary>One measured figure: what a contender needed for a job. Travels from the measuring process to the report as a line.</summary>
/// <param name="Mode">How it was measured: see <see cref="Modes"/>.</param>
/// <param name="Job">The job's name.</param>
/// <param name="Contender">Who did it.</param>
/// <param name="Processor">User plus system time in seconds, median.</param>
/// <param name="Wall">Elapsed seconds, median.</param>
/// <param name="InputBytes">Size of the input.</param>
/// <param name="ProcessorRatio">The contender's processor time over DataFlow's, median of the rounds.</param>
/// <param name="WallRatio">The contender's elapsed time over DataFlow's, median of the rounds.</param>
/// <param name="PeakBytes">Largest resident memory of the process, where it was a process of its own.</param>
internal sealed record Row(
    string Mode, string Job, string Contender, double Processor, double Wall, long InputBytes, double ProcessorRatio, double WallRatio, long PeakBytes)
{
    private const string Prefix = "row|";

    public string ToLine() => Prefix + JsonSerializer.Serialize(this);

    public static Row? FromLine(string line) =>
        line.StartsWith(Prefix, StringComparison.Ordinal) ? JsonSerializer.Deserialize<Row>(line.AsSpan(Prefix.Length)) : null;
}

/// <summary>How figures are taken. Each mode has a process of its own.</summary>
internal static class Modes
{
    /// <summary>One thread on one processor: processor time decides.</summary>
    public const string One = "one";

    /// <summary>All processors: elapsed time decides.</summary>
    public const string All = "all";

    /// <summary>The published command, as a process: start-up and memory.</summary>
    public const string Command = "command";

    public static readonly string[] InOrder = [One, All, Command];
}
