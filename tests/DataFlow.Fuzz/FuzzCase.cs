using System.Text;
using DataFlow.Formats;

namespace DataFlow.Fuzz;

/// <summary>One input, the options to read it with, and how it is cut. The same seed and number give the same case on any machine.</summary>
public sealed class FuzzCase
{
    private FuzzCase(Random random, int seed, long number)
    {
        Seed = seed;
        Number = number;
        Options = OptionsFor(random, Pick(random, Enum.GetValues<RecordFormat>()));
        Bytes = FuzzInput.Make(random, Options.Format);
        Chunk = Pick(random, 1, 7, 64, 200, 1000, 1 << 20, 1 << 20, 1 << 20);
        MaxRecords = Pick(random, 1, 3, 20, 1000, 1000);
        Frames = random.Next(2) == 0;
        Path = random.Next(int.MaxValue);
    }

    /// <summary>The seed of the run.</summary>
    public int Seed { get; }

    /// <summary>Number of the case within the run.</summary>
    public long Number { get; }

    /// <summary>How to read.</summary>
    public FormatOptions Options { get; }

    /// <summary>What to read.</summary>
    public byte[] Bytes { get; }

    /// <summary>Bytes per buffer.</summary>
    public int Chunk { get; }

    /// <summary>Records per batch.</summary>
    public int MaxRecords { get; }

    /// <summary>True to frame first and parse later, as workers do.</summary>
    public bool Frames { get; }

    /// <summary>Chooses among the fast paths that a format has.</summary>
    public int Path { get; }

    /// <summary>Makes a case.</summary>
    public static FuzzCase Of(int seed, long number) => new(new Random(unchecked((seed * 397) ^ (int)(number * 2_654_435_761))), seed, number);

    /// <summary>Everything that is needed to see it again.</summary>
    public override string ToString() =>
        $"""
        --seed {Seed} --case {Number}
        {Options}
        {Bytes.Length} bytes in pieces of {Chunk}, {MaxRecords} records per batch, framed: {Frames}
        base64: {Convert.ToBase64String(Bytes)}
        text:   {Encoding.Latin1.GetString(Bytes).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal)}
        """;

    private static T Pick<T>(Random random, params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];

    /// <summary>Rarely the one that fails, because nothing is left to compare then.</summary>
    private static T Policy<T>(Random random, T fail)
        where T : struct, Enum => random.Next(12) == 0 ? fail : Pick(random, [.. Enum.GetValues<T>().Where(policy => !policy.Equals(fail))]);

    private static FormatOptions OptionsFor(Random random, RecordFormat format)
    {
        var options = new FormatOptions
        {
            Format = format,
            OnMalformed = Policy(random, MalformedPolicy.Fail),
            OnInvalidBytes = Policy(random, InvalidBytesPolicy.Fail),
            OnInvalidJson = Policy(random, InvalidJsonPolicy.Fail),
            OnLongLine = Policy(random, LongLinePolicy.Fail),
            MaxLineBytes = new ByteSize(Pick(random, 16, 70, 1000, 1 << 20, 1 << 20)),
            MaxFields = Pick(random, 2, 5, 2000, 2000),
            HasHeader = random.Next(2) == 0,
        };
        return format switch
        {
            // The dialect that the fast path is made for, and the others.
            RecordFormat.Csv when random.Next(2) == 0 => options,
            RecordFormat.Csv => options with
            {
                SkipRows = Pick(random, 0, 0, 0, 2),
                HeaderRows = Pick(random, 1, 1, 2),
                MaxQuotedLines = Pick(random, 1, 3, 1000),
                Trim = random.Next(4) == 0,
                NullToken = Pick(random, null, null, "", "NULL"),
                Delimiter = Pick(random, ",", ",", ",", ";;", "\t"),
                Quote = Pick(random, "\"", "\"", "\"", "'", ""),
                Escape = Pick(random, "\"", "\"", "\"", "\\"),
                Comment = Pick(random, "", "", "#"),
                RecordSeparator = Pick(random, "auto", "auto", "lf", "crlf", "cr", "||"),
            },
            RecordFormat.Text => options with { RecordSeparator = Pick(random, "auto", "auto", "lf", "crlf", "cr", "||"), SkipRows = Pick(random, 0, 2) },
            RecordFormat.Json => options with { RecordSeparator = Pick(random, "auto", "auto", "lf", "crlf") },
            _ => options,
        };
    }
}
