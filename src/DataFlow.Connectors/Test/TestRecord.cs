namespace DataFlow.Connectors;

/// <summary>What a generated record follows from.</summary>
/// <param name="Seed">The source's seed.</param>
/// <param name="Sequence">The record's number, 1-based.</param>
internal readonly record struct TestRecord(long Seed, long Sequence)
{
    /// <summary>The stream of random numbers for faults.</summary>
    public const int Faults = -1;

    /// <summary>The stream that name and email share, so that they fit together.</summary>
    public const int Person = -2;

    /// <summary>Subtracted from the record's timestamps.</summary>
    public TimeSpan Late { get; init; }

    /// <summary>One of the record's streams of random numbers.</summary>
    /// <param name="number">A field's 0-based number, or one of the constants.</param>
    public SeededRandom Stream(int number) =>
        new(SeededRandom.Mix(SeededRandom.Mix((ulong)Seed) ^ (ulong)Sequence) + SeededRandom.Mix((ulong)(number + 3)));
}
