using System.Runtime.CompilerServices;

namespace DataFlow.Formats;

/// <summary>
/// The grammar of RFC 8259, complete. Each method takes the start of what it reads and returns its end, or null after it
/// has noted the fault in the walk. Texts end with a stop byte, so there are no bounds to check.
/// </summary>
internal static unsafe class JsonGrammar<TScan>
    where TScan : struct, IJsonScan
{
    /// <summary>Any value.</summary>
    /// <param name="p">Its first byte.</param>
    /// <param name="depth">Objects and arrays around it.</param>
    /// <param name="walk">The walk.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* SkipValue(byte* p, int depth, ref JsonWalk walk)
    {
        if (*p == (byte)'"')
        {
            var quote = StringEnd(p + 1, ref walk);
            return quote == null ? null : quote + 1;
        }

        return SkipNonString(p, depth, ref walk);
    }

    /// <summary>A number, literal, object or array.</summary>
    /// <param name="p">Its first byte.</param>
    /// <param name="depth">Objects and arrays around it.</param>
    /// <param name="walk">The walk.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* SkipNonString(byte* p, int depth, ref JsonWalk walk)
    {
        if (*p <= (byte)'9')
        {
            var end = TScan.ShortNumber(p);
            return end != null ? end : SkipNumber(p, ref walk);
        }

        return SkipLiteralOrContainer(p, depth, ref walk);
    }

    /// <summary>The closing quote of a string.</summary>
    /// <param name="p">The byte after its opening quote.</param>
    /// <param name="walk">The walk.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* StringEnd(byte* p, ref JsonWalk walk)
    {
        var stop = TScan.StringStop(p);
        return *stop == (byte)'"' ? stop : EscapedStringEnd(stop, ref walk);
    }

    /// <summary>The closing quote of a string from its first backslash, or control character, on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static byte* EscapedStringEnd(byte* p, ref JsonWalk walk)
    {
        while (*p != (byte)'"')
        {
            if (*p != (byte)'\\')
            {
                return walk.Fail(p, JsonFault.QuoteExpected);
            }

            p = SkipEscape(p, ref walk);
            if (p == null)
            {
                return null;
            }

            p = TScan.StringStop(p);
        }

        return p;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static byte* SkipEscape(byte* p, ref JsonWalk walk)
    {
        switch (p[1])
        {
            case (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t':
                return p + 2;
            case (byte)'u':
                for (var digit = 2; digit < 6; digit++)
                {
                    if (!char.IsAsciiHexDigit((char)p[digit]))
                    {
                        return walk.Fail(p + digit, JsonFault.HexDigitExpected);
                    }
                }

                return p + 6;
            default:
                return walk.Fail(p + 1, JsonFault.EscapeExpected);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static byte* SkipNumber(byte* p, ref JsonWalk walk)
    {
        var start = p;
        p += *p == (byte)'-' ? 1 : 0;
        if (!IsDigit(*p))
        {
            return walk.Fail(p, p == start ? JsonFault.ValueExpected : JsonFault.DigitExpected);
        }

        if (*p == (byte)'0' && IsDigit(p[1]))
        {
            return walk.Fail(p + 1, JsonFault.LeadingZero);
        }

        p = SkipDigits(p);
        if (*p == (byte)'.')
        {
            if (!IsDigit(*++p))
            {
                return walk.Fail(p, JsonFault.DigitExpected);
            }

            p = SkipDigits(p);
        }

        if ((*p | 0x20) == (byte)'e')
        {
            p += p[1] is (byte)'+' or (byte)'-' ? 2 : 1;
            if (!IsDigit(*p))
            {
                return walk.Fail(p, JsonFault.DigitExpected);
            }

            p = SkipDigits(p);
        }

        return p;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static byte* SkipLiteralOrContainer(byte* p, int depth, ref JsonWalk walk)
    {
        switch (*p)
        {
            case (byte)'{':
                return SkipObject(p, depth + 1, ref walk);
            case (byte)'[':
                return SkipArray(p, depth + 1, ref walk);
            case (byte)'t' when new ReadOnlySpan<byte>(p, 4).SequenceEqual("true"u8):
            case (byte)'n' when new ReadOnlySpan<byte>(p, 4).SequenceEqual("null"u8):
                return p + 4;
            case (byte)'f' when new ReadOnlySpan<byte>(p, 5).SequenceEqual("false"u8):
                return p + 5;
            default:
                return walk.Fail(p, JsonFault.ValueExpected);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static byte* SkipObject(byte* p, int depth, ref JsonWalk walk)
    {
        if (depth > JsonGrammar.MaxDepth)
        {
            return walk.Fail(p, JsonFault.TooDeep);
        }

        p = walk.SkipWhitespace(p + 1);
        if (*p == (byte)'}')
        {
            return p + 1;
        }

        for (var expected = JsonFault.KeyOrEndExpected; ; expected = JsonFault.KeyExpected)
        {
            if (*p != (byte)'"')
            {
                return walk.Fail(p, expected);
            }

            p = StringEnd(p + 1, ref walk);
            if (p == null)
            {
                return null;
            }

            p = walk.SkipWhitespace(p + 1);
            if (*p != (byte)':')
            {
                return walk.Fail(p, JsonFault.ColonExpected);
            }

            p = SkipValue(walk.SkipWhitespace(p + 1), depth, ref walk);
            if (p == null)
            {
                return null;
            }

            p = walk.SkipWhitespace(p);
            if (*p != (byte)',')
            {
                return *p == (byte)'}' ? p + 1 : walk.Fail(p, JsonFault.CommaOrBraceExpected);
            }

            p = walk.SkipWhitespace(p + 1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static byte* SkipArray(byte* p, int depth, ref JsonWalk walk)
    {
        if (depth > JsonGrammar.MaxDepth)
        {
            return walk.Fail(p, JsonFault.TooDeep);
        }

        p = walk.SkipWhitespace(p + 1);
        if (*p == (byte)']')
        {
            return p + 1;
        }

        while (true)
        {
            p = SkipValue(p, depth, ref walk);
            if (p == null)
            {
                return null;
            }

            p = walk.SkipWhitespace(p);
            if (*p != (byte)',')
            {
                return *p == (byte)']' ? p + 1 : walk.Fail(p, JsonFault.CommaOrBracketExpected);
            }

            p = walk.SkipWhitespace(p + 1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* SkipDigits(byte* p)
    {
        while (IsDigit(*p))
        {
            p++;
        }

        return p;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsDigit(byte value) => (uint)(value - '0') <= 9;
}
