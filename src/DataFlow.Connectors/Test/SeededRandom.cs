namespace DataFlow.Connectors;

/// <summary>
/// A stream of numbers that follows from its start alone (splitmix64), the same on every machine. Each value of each record
/// has a stream of its own, so that no record depends on the ones before it.
/// </summary>
internal struct SeededRandom(ulong state)
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    private ulong _state = state;

    /// <summary>64 random bits.</summary>
    public ulong Next() => Mix(_state += Step);

    /// <summary>A number from 0 to <paramref name="count"/> - 1; any number when the count is 0.</summary>
    public ulong Below(ulong count) => count == 0 ? Next() : Math.BigMul(Next(), count, out _);

    /// <summary>True with a probability.</summary>
    public bool Chance(double share) => (Next() >> 11) * (1.0 / (1UL << 53)) < share;

    /// <summary>Spreads every bit over all bits.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
