using System.Globalization;

namespace DataFlow.Benchmarks;

/// <summary>What the benchmark was asked for.</summary>
internal sealed record Arguments(int Megabytes, int Rounds, string Data, string Output, string? Child, long DatabaseRows)
{
    public static Arguments Parse(string[] args)
    {
        string Value(string name, string otherwise) =>
            Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : otherwise;

        return new Arguments(
            int.Parse(Value("--mb", "400"), CultureInfo.InvariantCulture),
            int.Parse(Value("--rounds", "5"), CultureInfo.InvariantCulture),
            Path.GetFullPath(Value("--data", "bench/data")),
            Path.GetFullPath(Value("--out", "bench/results")),
            Value("--child", "") is { Length: > 0 } child ? child : null,
            long.Parse(Value("--databases", "0"), CultureInfo.InvariantCulture));
    }
}
