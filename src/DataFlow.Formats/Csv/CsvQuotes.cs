using System.Runtime.CompilerServices;

namespace DataFlow.Formats;

/// <summary>What the quotes of a 64-byte block mean, and whether they stand where only they may.</summary>
internal readonly unsafe struct CsvQuotes
{
    /// <summary>Looks at a block.</summary>
    /// <param name="data">The buffer.</param>
    /// <param name="first">Where the scan started: at the start of a record.</param>
    /// <param name="at">Where the block starts.</param>
    /// <param name="end">Where the visible bytes end.</param>
    /// <param name="quotes">Bits of quotes, none beyond the end.</param>
    /// <param name="delimiters">Bits of delimiters, none beyond the end.</param>
    /// <param name="newlines">Bits of line feeds, none beyond the end.</param>
    /// <param name="delimiter">The delimiter.</param>
    /// <param name="inside">All ones when the block starts inside a quoted field, else 0. Becomes the next block's.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CsvQuotes Resolve<TBlock>(
        byte* data, int first, int at, int end, ulong quotes, ulong delimiters, ulong newlines, byte delimiter, ref ulong inside)
        where TBlock : struct, ICsvBlock => new(
            data + at,
            TBlock.Between(quotes) ^ inside,
            at == first || inside != 0 ? (byte)0 : data[at - 1],
            at - first < 2 || inside != 0 ? (byte)0 : data[at - 2],
            at == first,
            end - at,
            quotes,
            delimiters,
            newlines,
            TBlock.Find(data + at, (byte)'\r'),
            delimiter,
            out inside);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private CsvQuotes(
        byte* block,
        ulong within,
        byte before,
        byte beforeThat,
        bool isStart,
        int visible,
        ulong quotes,
        ulong delimiters,
        ulong newlines,
        ulong returns,
        byte delimiter,
        out ulong inside)
    {
        inside = (ulong)((long)within >> 63);
        Within = within;
        Separators = (delimiters | newlines) & ~within;
        var opening = quotes & within;
        var closing = quotes & ~within;
        var afterSeparator = (Separators << 1) | (isStart || before == delimiter || before == (byte)'\n' ? 1UL : 0);
        var afterClosing = (closing << 1) | (before == (byte)'"' ? 1UL : 0);
        var newlineFollows = (newlines >> 1) | (visible > 64 && block[64] == (byte)'\n' ? 1UL << 63 : 0);
        Reopening = opening & afterClosing;
        var afterReturn = ((afterClosing & returns) << 1) | (before == (byte)'\r' && beforeThat == (byte)'"' ? 1UL : 0);
        QuotedEnds = afterClosing | (afterReturn & newlines);
        Bad = (opening & ~(afterSeparator | afterClosing))
            | (afterClosing & ~(Separators | quotes | (returns & newlineFollows)));
        if (visible < 64)
        {
            Bad &= (1UL << visible) - 1;
        }
    }

    /// <summary>Bytes in quoted fields, opening quotes included.</summary>
    public ulong Within { get; }

    /// <summary>Delimiters and line feeds that are not in quotes.</summary>
    public ulong Separators { get; }

    /// <summary>Among the separators, those that end a quoted field: behind a closing quote, or behind its carriage return.</summary>
    public ulong QuotedEnds { get; }

    /// <summary>Quotes that come directly after a closing one: the second of a doubled quote.</summary>
    public ulong Reopening { get; }

    /// <summary>Where a quote opens in the middle of a field, or something follows a closing one that ends no field.</summary>
    public ulong Bad { get; }
}
