using System.Globalization;

namespace DataFlow;

/// <summary>A number of bytes, written <c>16MiB</c>, <c>500KB</c> or as a bare number of bytes.</summary>
/// <param name="Bytes">Number of bytes.</param>
public readonly record struct ByteSize(long Bytes) : IComparable<ByteSize>
{
    private static readonly (string Suffix, long Factor)[] Units =
    [
        ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000), ("B", 1),
    ];

    /// <summary>A number of mebibytes.</summary>
    public static ByteSize MiB(long count) => new(count << 20);

    /// <summary>A number of kibibytes.</summary>
    public static ByteSize KiB(long count) => new(count << 10);

    /// <summary>Reads a size; the suffix is case-insensitive, a fraction is allowed before it as long as it makes whole bytes.</summary>
    public static bool TryParse(string text, out ByteSize size)
    {
        text = text.Trim();
        var (suffix, factor) = Units.FirstOrDefault(unit => text.EndsWith(unit.Suffix, StringComparison.OrdinalIgnoreCase), ("", 1));
        var number = text[..^suffix.Length].TrimEnd();
        var parsed = decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            && value <= long.MaxValue / factor
            && value * factor % 1 == 0;
        size = parsed ? new ByteSize((long)(value * factor)) : default;
        return parsed;
    }

    /// <inheritdoc/>
    public int CompareTo(ByteSize other) => Bytes.CompareTo(other.Bytes);

    /// <summary>The size with the largest binary unit that divides it.</summary>
    public override string ToString()
    {
        var bytes = Bytes;
        var (suffix, factor) = Units.FirstOrDefault(unit => unit.Suffix.Contains('i') && bytes >= unit.Factor && bytes % unit.Factor == 0, ("", 1));
        return (bytes / factor).ToString(CultureInfo.InvariantCulture) + suffix;
    }

    /// <summary>Compares by number of bytes.</summary>
    public static bool operator <(ByteSize left, ByteSize right) => left.Bytes < right.Bytes;

    /// <summary>Compares by number of bytes.</summary>
    public static bool operator >(ByteSize left, ByteSize right) => left.Bytes > right.Bytes;

    /// <summary>Compares by number of bytes.</summary>
    public static bool operator <=(ByteSize left, ByteSize right) => left.Bytes <= right.Bytes;

    /// <summary>Compares by number of bytes.</summary>
    public static bool operator >=(ByteSize left, ByteSize right) => left.Bytes >= right.Bytes;
}
