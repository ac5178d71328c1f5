using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace DataFlow;

/// <summary>
/// The part of a source that one instance of a pipeline reads: whatever it is made of, each piece belongs to exactly one of the
/// shares 1 to <see cref="Count"/>, on every machine and for ever. Immutable.
/// </summary>
public sealed record SourceShare
{
    /// <param name="number">Which share, from 1.</param>
    /// <param name="count">How many there are.</param>
    public SourceShare(int number, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, count);
        Number = number;
        Count = count;
    }

    /// <summary>Everything: the share of a pipeline that runs as one.</summary>
    public static SourceShare Whole { get; } = new(1, 1);

    /// <summary>Which share, from 1.</summary>
    public int Number { get; }

    /// <summary>How many there are.</summary>
    public int Count { get; }

    /// <summary>True when there are no others.</summary>
    public bool IsWhole => Count == 1;

    /// <summary>What is left of a number that belongs to this share, divided by <see cref="Count"/>: 0 for the first one.</summary>
    public int Remainder => Number - 1;

    /// <summary>True when something that is told by a number, negative or not, belongs to this share.</summary>
    public bool Holds(long number) => ((number % Count) + Count) % Count == Remainder;

    /// <summary>True when something that is told by a name, such as a file, belongs to this share.</summary>
    public bool Holds(string name)
    {
        if (IsWhole)
        {
            return true;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(name), hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash) % (ulong)Count == (ulong)Remainder;
    }

    /// <summary>For people: <c>2 of 3</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number} of {Count}");
}
