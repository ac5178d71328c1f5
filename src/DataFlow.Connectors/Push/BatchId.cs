using System.Globalization;

namespace DataFlow.Connectors;

/// <summary>
/// What a batch is recognised by when it is sent again: its producer, and its number among the producer's batches, which begins at 1
/// and rises by one.
/// </summary>
/// <param name="Producer">Letters, digits, dots, dashes and underscores, 100 at most; begins with a letter or digit.</param>
/// <param name="Sequence">From 1 to <see cref="MaxSequence"/>.</param>
public readonly record struct BatchId(string Producer, long Sequence)
{
    /// <summary>The highest sequence; at a thousand batches a second it is reached after a hundred days, and another name goes on.</summary>
    public const long MaxSequence = (1L << 33) - 1;

    private const int MostCharacters = 100;

    /// <summary>How it has to be, for messages.</summary>
    public static string Expected =>
        $"PRODUCER:SEQUENCE is expected, such as shop-7:42: a name of at most {MostCharacters} letters, digits, dots, dashes and underscores, then a number from 1 on.";

    /// <summary>Reads <c>producer:sequence</c>.</summary>
    public static bool TryParse(string text, out BatchId id)
    {
        ArgumentNullException.ThrowIfNull(text);
        var colon = text.LastIndexOf(':');
        id = default;
        if (colon < 0 || !IsProducer(text[..colon])
            || !long.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)
            || sequence is < 1 or > MaxSequence)
        {
            return false;
        }

        id = new BatchId(text[..colon], sequence);
        return true;
    }

    /// <summary>True for a name that a producer may have.</summary>
    public static bool IsProducer(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length is > 0 and <= MostCharacters && char.IsAsciiLetterOrDigit(name[0])
            && name.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '-' or '_');
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Producer}:{Sequence}");
}
