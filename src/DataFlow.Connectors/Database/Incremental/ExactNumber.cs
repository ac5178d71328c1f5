using System.Globalization;
using System.Numerics;

namespace DataFlow.Connectors;

/// <summary>Numbers with more digits than a decimal has, as plain text without needless zeros: <c>-12.5</c>.</summary>
internal static class ExactNumber
{
    /// <summary>Digits that a decimal surely has, before and after the point together.</summary>
    public const int MostDecimalDigits = 28;

    /// <summary>The one text of a number.</summary>
    /// <exception cref="FormatException">It is no plain number.</exception>
    public static string Normalize(string text)
    {
        var isNegative = text.StartsWith('-');
        var digits = text.AsSpan(isNegative ? 1 : 0);
        if (digits.IsEmpty || digits.ContainsAnyExcept("0123456789.") || digits.Count('.') > 1)
        {
            throw new FormatException($"'{text}' is no number.");
        }

        digits = digits.Contains('.') ? digits.TrimEnd('0').TrimEnd('.') : digits;
        digits = digits.TrimStart('0');
        return digits.IsEmpty ? "0" : $"{(isNegative ? "-" : "")}{(digits[0] == '.' ? "0" : "")}{digits}";
    }

    /// <summary>Compares two numbers in their one text.</summary>
    public static int Compare(string left, string right)
    {
        var isNegative = left[0] == '-';
        if (isNegative != (right[0] == '-'))
        {
            return isNegative ? -1 : 1;
        }

        return isNegative ? CompareSize(right.AsSpan(1), left.AsSpan(1)) : CompareSize(left, right);
    }

    /// <summary>A whole number that is below.</summary>
    public static string Below(string number) =>
        (BigInteger.Parse(number.AsSpan(0, WholeLength(number)), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) - 1)
            .ToString(CultureInfo.InvariantCulture);

    private static int CompareSize(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        // With as many digits before the point, the point stands at one place, and a longer fraction is larger.
        var (leftWhole, rightWhole) = (WholeLength(left), WholeLength(right));
        return leftWhole == rightWhole ? left.SequenceCompareTo(right) : leftWhole.CompareTo(rightWhole);
    }

    private static int WholeLength(ReadOnlySpan<char> number) => number.IndexOf('.') is >= 0 and var point ? point : number.Length;
}
