using System.Globalization;

namespace DataFlow;

/// <summary>
/// Names of splits whose place may be taken by another thing, such as a path after its log was rotated: the name that people
/// know, then <c>#</c> and 16 hexadecimal digits that tell one thing from the next. Any other split name is for people as it is.
/// </summary>
public static class SplitName
{
    private const int Digits = 16;

    /// <summary>A split name of its own for one of the things that have had a name.</summary>
    /// <param name="name">The name that people know, such as a path.</param>
    /// <param name="fingerprint">Tells this thing from the others of that name.</param>
    public static string Of(string name, ulong fingerprint) => string.Create(CultureInfo.InvariantCulture, $"{name}#{fingerprint:x16}");

    /// <summary>The name that people know.</summary>
    public static string ForPeople(string split)
    {
        ArgumentNullException.ThrowIfNull(split);
        var end = split.Length - Digits - 1;
        return end > 0 && split[end] == '#' && split.AsSpan(end + 1).IndexOfAnyExcept("0123456789abcdef") < 0 ? split[..end] : split;
    }
}
