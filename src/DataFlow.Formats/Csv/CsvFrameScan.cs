using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DataFlow.Formats;

/// <summary>
/// Finds where so many records end, without looking at their fields. Gives up on everything that could make the row scanner
/// end a record elsewhere: blank lines, quotes in odd places, overlong rows. Reads up to 64 bytes beyond the end.
/// </summary>
internal unsafe ref struct CsvFrameScan(byte* data, int end)
{
    /// <summary>Where the last record ends that was found.</summary>
    public int RecordsEnd;

    /// <summary>Records that were found.</summary>
    public int Records;

    /// <summary>Physical lines of the records.</summary>
    public int Lines;

    /// <summary>What separates fields.</summary>
    public required byte Delimiter { get; init; }

    /// <summary>All ones, or 0 when quotes are ordinary characters.</summary>
    public required ulong Quoting { get; init; }

    /// <summary>Stop at so many records.</summary>
    public required int MaxRecords { get; init; }

    /// <summary>The longest record to be sure of, with its line feed; at least 64, so that it need not be asked within a block.</summary>
    public required int MaxLength { get; init; }

    /// <summary>The row scanner decides about rows that span more lines.</summary>
    public required int MaxQuotedLines { get; init; }

    /// <summary>Nothing follows the visible bytes: the last record may lack its separator.</summary>
    public required bool IsFinal { get; init; }

    private int _innerLines;

    /// <summary>Scans with the given or the widest vectors.</summary>
    /// <returns>False when it gave up.</returns>
    public bool Run(CsvPath path) => path switch
    {
        CsvPath.Vector512 => Run<CsvBlock512>(),
        CsvPath.Vector256 => Run<CsvBlock256>(),
        CsvPath.Vector128 => Run<CsvBlock128>(),
        CsvPath.Scalar => Run<CsvBlockScalar>(),
        CsvPath.Careful => false,
        _ when Vector512.IsHardwareAccelerated => Run<CsvBlock512>(),
        _ when Vector256.IsHardwareAccelerated => Run<CsvBlock256>(),
        _ when Vector128.IsHardwareAccelerated => Run<CsvBlock128>(),
        _ => Run<CsvBlockScalar>(),
    };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool Run<TBlock>()
        where TBlock : struct, ICsvBlock
    {
        var inside = 0UL;
        var nearQuote = 0UL;
        for (var at = 0; at < end; at += 64)
        {
            TBlock.Classify(data + at, Delimiter, out var quotes, out var delimiters, out var newlines);
            if (end - at < 64)
            {
                var visible = (1UL << (end - at)) - 1;
                quotes &= visible;
                delimiters &= visible;
                newlines &= visible;
            }

            quotes &= Quoting;
            var separators = newlines;
            if ((quotes | nearQuote) != 0)
            {
                var masks = CsvQuotes.Resolve<TBlock>(data, 0, at, end, quotes, delimiters, newlines, Delimiter, ref inside);
                nearQuote = inside | (quotes >> 62);
                if (masks.Bad != 0)
                {
                    // What stands before it may be all that is asked for.
                    newlines &= (masks.Bad & (0 - masks.Bad)) - 1;
                    return TakeOneByOne(newlines, newlines & ~masks.Within, at) && Records == MaxRecords;
                }

                separators &= ~masks.Within;
                if (separators != newlines)
                {
                    if (!TakeOneByOne(newlines, separators, at))
                    {
                        return false;
                    }

                    if (Records == MaxRecords)
                    {
                        return true;
                    }

                    continue;
                }
            }

            if (separators == 0)
            {
                continue;
            }

            if (!TakeLines(separators, at))
            {
                return false;
            }

            if (Records == MaxRecords)
            {
                return true;
            }
        }

        return TakeRest(inside != 0);
    }

    /// <summary>Takes the records that end in a block whose line feeds all end records.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TakeLines(ulong separators, int at)
    {
        // Two bytes apart may be a blank line with its carriage return.
        var first = at + BitOperations.TrailingZeroCount(separators) + 1;
        var isOdd = (separators & ((separators << 1) | (separators << 2))) != 0
            || first - RecordsEnd <= 2 || first - RecordsEnd > MaxLength;
        var records = BitOperations.PopCount(separators);
        if (isOdd || records > MaxRecords - Records)
        {
            return TakeOneByOne(separators, separators, at);
        }

        Records += records;
        Lines += records + _innerLines;
        _innerLines = 0;
        RecordsEnd = at + 64 - BitOperations.LeadingZeroCount(separators);
        return true;
    }

    private bool TakeOneByOne(ulong newlines, ulong separators, int at)
    {
        for (; newlines != 0 && Records < MaxRecords; newlines &= newlines - 1)
        {
            var bit = newlines & (0 - newlines);
            if ((separators & bit) == 0)
            {
                if (++_innerLines >= MaxQuotedLines)
                {
                    return false;
                }

                continue;
            }

            var recordEnd = at + BitOperations.TrailingZeroCount(bit) + 1;
            var length = recordEnd - RecordsEnd;
            if (length == 1 || length > MaxLength || (length == 2 && data[RecordsEnd] == (byte)'\r'))
            {
                return false;
            }

            Records++;
            Lines += 1 + _innerLines;
            _innerLines = 0;
            RecordsEnd = recordEnd;
        }

        return true;
    }

    /// <summary>Takes what follows the last separator, if nothing follows that.</summary>
    private bool TakeRest(bool isInside)
    {
        if (!IsFinal || RecordsEnd == end)
        {
            return true;
        }

        if (isInside || end - RecordsEnd >= MaxLength)
        {
            return false;
        }

        Records++;
        Lines += 1 + _innerLines;
        RecordsEnd = end;
        return true;
    }
}
