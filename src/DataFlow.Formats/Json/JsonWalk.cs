using System.Runtime.CompilerServices;

namespace DataFlow.Formats;

/// <summary>What a walk over a JSON text allows, and where and why it ended early.</summary>
internal unsafe struct JsonWalk
{
    /// <summary>Bit n is set when byte n is white space. A line break is none where it ends the record.</summary>
    public ulong Whitespace;

    /// <summary>The stop byte at the end of the text.</summary>
    public byte* Limit;

    public byte* FaultAt;

    public JsonFault Fault;

    /// <summary>Ends the walk.</summary>
    /// <returns>Null, which every caller passes on.</returns>
    public byte* Fail(byte* at, JsonFault fault)
    {
        FaultAt = at;
        Fault = fault;
        return null;
    }

    /// <summary>Mostly there is none, or one space.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly byte* SkipWhitespace(byte* p)
    {
        if (*p > 0x20)
        {
            return p;
        }

        return *p == ' ' && p[1] > 0x20 ? p + 1 : SkipAll(p);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private readonly byte* SkipAll(byte* p)
    {
        while (*p <= 0x20 && ((Whitespace >> *p) & 1) != 0)
        {
            p++;
        }

        return p;
    }
}

/// <summary>Facts about the JSON that is read.</summary>
internal static class JsonGrammar
{
    /// <summary>Most objects and arrays inside each other, the outermost included. A deeper text is invalid.</summary>
    public const int MaxDepth = 64;

    /// <summary>Space, tab, carriage return and line feed.</summary>
    public const ulong Whitespace = WhitespaceInLine | (1UL << '\n');

    /// <summary>White space inside a line.</summary>
    public const ulong WhitespaceInLine = (1UL << ' ') | (1UL << '\t') | (1UL << '\r');
}
