namespace DataFlow.Transforms;

/// <summary>
/// A decimal number as it is written, of any length: <c>-12.50</c>, <c>1e400</c>. Compared digit by digit, because a double
/// would make two 64-bit ids equal that are not.
/// </summary>
internal readonly ref struct DecimalText
{
    private readonly int _sign;
    private readonly long _exponent;
    private readonly ReadOnlySpan<byte> _digits;

    private DecimalText(int sign, ReadOnlySpan<byte> digits, long exponent)
    {
        _sign = sign;
        _digits = digits;
        _exponent = exponent;
    }

    /// <summary>Reads a number: sign, digits with at most one point, exponent. Spaces around it are allowed.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out DecimalText number)
    {
        number = default;
        text = text.Trim((byte)' ');
        var at = 0;
        var sign = 1;
        if (text.Length > 0 && text[0] is (byte)'-' or (byte)'+')
        {
            sign = text[0] == '-' ? -1 : 1;
            at = 1;
        }

        int first = -1, last = -1, digits = 0, leadingZeros = 0, point = -1;
        for (; at < text.Length; at++)
        {
            var character = text[at];
            if (character == '.' && point < 0)
            {
                point = digits;
            }
            else if (character is >= (byte)'0' and <= (byte)'9')
            {
                digits++;
                if (character != '0')
                {
                    first = first < 0 ? at : first;
                    last = at;
                }
                else if (first < 0)
                {
                    leadingZeros++;
                }
            }
            else
            {
                break;
            }
        }

        if (digits == 0 || !TryParseExponent(text[at..], out var exponent))
        {
            return false;
        }

        if (first >= 0)
        {
            number = new DecimalText(sign, text[first..(last + 1)], exponent + (point < 0 ? digits : point) - leadingZeros);
        }

        return true;
    }

    /// <summary>Negative, zero or positive, as this number is less than, equal to or greater than the other.</summary>
    public int CompareTo(DecimalText other)
    {
        if (_sign != other._sign || _sign == 0)
        {
            return _sign - other._sign;
        }

        return _sign * (_exponent != other._exponent ? _exponent.CompareTo(other._exponent) : CompareDigits(_digits, other._digits));
    }

    private static int CompareDigits(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        int l = 0, r = 0;
        while (true)
        {
            l += l < left.Length && left[l] == '.' ? 1 : 0;
            r += r < right.Length && right[r] == '.' ? 1 : 0;
            if (l == left.Length || r == right.Length)
            {
                // Both end in a digit other than zero, so whichever has more digits is the greater one.
                return (left.Length - l) - (right.Length - r);
            }

            if (left[l] != right[r])
            {
                return left[l] - right[r];
            }

            l++;
            r++;
        }
    }

    private static bool TryParseExponent(ReadOnlySpan<byte> text, out long exponent)
    {
        exponent = 0;
        return text.IsEmpty
            || (text[0] is (byte)'e' or (byte)'E' && text.Length is > 1 and <= 18
                && System.Buffers.Text.Utf8Parser.TryParse(text[1..], out exponent, out var used) && used == text.Length - 1);
    }
}
