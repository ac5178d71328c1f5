using System.Text;
using System.Text.Json;

namespace DataFlow;

/// <summary>
/// Where a source has got to in one split: what it needs to go on exactly there after a restart. Each source kind has its
/// own; it is stored as small versioned JSON. Immutable.
/// </summary>
public abstract class Position
{
    /// <summary>Stands for a split that is no more: what is stored of it goes with the commit that this is part of.</summary>
    public static Position Gone { get; } = new NoPosition();

    /// <summary>The position as one number for people: lines for files, messages for topics.</summary>
    public abstract long Offset { get; }

    /// <summary>Writes the position as one JSON object with a <c>v</c> for its version.</summary>
    public abstract void Write(Utf8JsonWriter writer);

    /// <summary>The position as it is stored.</summary>
    public SplitPosition ToSplitPosition()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            Write(writer);
        }

        return new SplitPosition(Offset, Encoding.UTF8.GetString(stream.ToArray()));
    }

    private sealed class NoPosition : Position
    {
        public override long Offset => 0;

        public override void Write(Utf8JsonWriter writer) => throw new InvalidOperationException("A split that is no more has no position.");
    }
}

/// <summary>A position as it is stored.</summary>
/// <param name="Offset">The position as one number for people.</param>
/// <param name="Json">What the source wrote. Empty when only the number is known, as after <c>state seek</c>.</param>
public readonly record struct SplitPosition(long Offset, string Json);

/// <summary>The position that a split has reached with a batch.</summary>
/// <param name="Split">Names the split within the source: a file, a partition.</param>
/// <param name="Position">Where to go on after this batch; <see cref="Position.Gone"/> for a split that is no more.</param>
public readonly record struct Advance(string Split, Position Position);
