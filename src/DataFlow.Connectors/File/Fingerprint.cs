using System.Globalization;
using System.IO.Hashing;

namespace DataFlow.Connectors;

/// <summary>A hash of some bytes of a file and how many they were: evidence that a file is still the one that was read.</summary>
/// <param name="Length">Number of bytes.</param>
/// <param name="Hash">Their hash.</param>
internal readonly record struct Fingerprint(int Length, ulong Hash)
{
    public static Fingerprint Of(ReadOnlySpan<byte> bytes) => new(bytes.Length, XxHash3.HashToUInt64(bytes));

    public static Fingerprint Parse(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return new Fingerprint(
            int.Parse(text.AsSpan(0, colon), CultureInfo.InvariantCulture),
            ulong.Parse(text.AsSpan(colon + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }

    public bool Matches(ReadOnlySpan<byte> bytes) => this == Of(bytes);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Length}:{Hash:x16}");
}
