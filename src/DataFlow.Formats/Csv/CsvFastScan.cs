using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DataFlow.Formats;

/// <summary>Why a vectorised scan stopped.</summary>
internal enum CsvStop
{
    /// <summary>The visible bytes hold no further complete record.</summary>
    End,

    /// <summary>The next record is for the row scanner to decide.</summary>
    Unsure,

    /// <summary>Enough records.</summary>
    Full,

    /// <summary>The batch's table is full.</summary>
    NoRoom,
}

/// <summary>
/// Writes the slices of ordinary rows, 64 bytes at a time: one-byte delimiter, doubled double quotes, LF or CRLF. Stops at the
/// first row that is anything else, at that row's start. Reads up to 64 bytes beyond the end.
/// </summary>
internal unsafe ref struct CsvFastScan(
    byte* data, int at, int end, FieldRef* refs, int* starts, int* lengths, int* lines)
{
    /// <summary>Start of the first record that is not taken.</summary>
    public int At = at;

    /// <summary>Physical lines before it.</summary>
    public required int Line;

    /// <summary>Rows so far.</summary>
    public required int Row;

    /// <summary>Stop at so many rows.</summary>
    public required int MaxRows { get; init; }

    /// <summary>Stop soon after so many rows: the table has room for those of 64 more bytes.</summary>
    public required int RowCapacity { get; init; }

    /// <summary>Fields per row, and in the table.</summary>
    public required int Columns { get; init; }

    /// <summary>What separates fields.</summary>
    public required byte Delimiter { get; init; }

    /// <summary>All ones, or 0 when quotes are ordinary characters.</summary>
    public required ulong Quoting { get; init; }

    /// <summary>The longest row to be sure of.</summary>
    public required int MaxLength { get; init; }

    /// <summary>The row scanner decides about rows that span more lines.</summary>
    public required int MaxQuotedLines { get; init; }

    /// <summary>Scans with the given or the widest vectors.</summary>
    public CsvStop Run(CsvPath path) => path switch
    {
        CsvPath.Vector512 => Run<CsvBlock512>(),
        CsvPath.Vector256 => Run<CsvBlock256>(),
        CsvPath.Vector128 => Run<CsvBlock128>(),
        CsvPath.Scalar => Run<CsvBlockScalar>(),
        _ when Vector512.IsHardwareAccelerated => Run<CsvBlock512>(),
        _ when Vector256.IsHardwareAccelerated => Run<CsvBlock256>(),
        _ when Vector128.IsHardwareAccelerated => Run<CsvBlock128>(),
        _ => Run<CsvBlockScalar>(),
    };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private CsvStop Run<TBlock>()
        where TBlock : struct, ICsvBlock
    {
        var first = At;
        var visibleEnd = end;
        var delimiter = Delimiter;
        var quoting = Quoting;
        var columns = Columns;
        var maxLength = (uint)MaxLength;
        var roomEnd = refs + ((long)RowCapacity * columns);
        var rowFields = refs + ((long)Row * columns);
        var field = rowFields;
        var fieldStart = first;
        var innerLines = 0;
        var isDoubled = false;
        var inside = 0UL;
        var nearQuote = 0UL;
        for (var at = first; at < visibleEnd; at += 64)
        {
            if (field > roomEnd)
            {
                return CsvStop.NoRoom;
            }

            TBlock.Classify(data + at, delimiter, out var quotes, out var delimiters, out var newlines);
            if (visibleEnd - at < 64)
            {
                var visible = (1UL << (visibleEnd - at)) - 1;
                quotes &= visible;
                delimiters &= visible;
                newlines &= visible;
            }

            quotes &= quoting;
            var next = field;
            var bad = 0UL;
            var within = 0UL;
            var separators = delimiters | newlines;
            if ((quotes | nearQuote) == 0)
            {
                next += BitOperations.PopCount(separators);
                for (var left = separators; left != 0; left &= left - 1)
                {
                    var separator = at + BitOperations.TrailingZeroCount(left);
                    *field++ = new FieldRef(fieldStart, separator - fieldStart, FieldKind.Text);
                    fieldStart = separator + 1;
                }
            }
            else
            {
                var masks = CsvQuotes.Resolve<TBlock>(data, first, at, visibleEnd, quotes, delimiters, newlines, delimiter, ref inside);

                // A closing quote in the last two bytes may belong to a field that ends in the next block.
                nearQuote = inside | (quotes >> 62);
                bad = masks.Bad;
                within = masks.Within;
                separators = masks.Separators;
                if (bad != 0)
                {
                    separators &= (bad & (0 - bad)) - 1;
                    newlines &= (bad & (0 - bad)) - 1;
                }

                next += BitOperations.PopCount(separators);
                var fields = field;
                for (var left = separators; left != 0; left &= left - 1)
                {
                    var bit = BitOperations.TrailingZeroCount(left);
                    var isQuoted = (int)(masks.QuotedEnds >> bit) & 1;
                    *field++ = new FieldRef(fieldStart + isQuoted, at + bit - fieldStart - (isQuoted * 2), FieldKind.Text);
                    fieldStart = at + bit + 1;
                }

                if (isDoubled && field != fields)
                {
                    MarkDoubled(fields);
                    isDoubled = false;
                }

                for (var left = masks.Reopening; left != 0; left &= left - 1)
                {
                    var doubled = fields + BitOperations.PopCount(separators & ((left & (0 - left)) - 1));
                    isDoubled = doubled == field;
                    if (!isDoubled)
                    {
                        MarkDoubled(doubled);
                    }
                }
            }

            for (; newlines != 0; newlines &= newlines - 1)
            {
                var bit = BitOperations.TrailingZeroCount(newlines);
                if ((within >> bit & 1) != 0)
                {
                    innerLines++;
                    continue;
                }

                var rowEnd = next - BitOperations.PopCount(separators & (ulong.MaxValue << 1 << bit));
                var p = at + bit;
                var length = p - At;
                if (length > 0 && data[p - 1] == (byte)'\r')
                {
                    length--;
                    rowEnd[-1] = new FieldRef(rowEnd[-1].Start, rowEnd[-1].Length - 1, rowEnd[-1].Kind);
                }

                if (rowFields + columns != rowEnd || (uint)(length - 1) >= maxLength || innerLines >= MaxQuotedLines)
                {
                    return CsvStop.Unsure;
                }

                starts[Row] = At;
                lengths[Row] = length;
                lines[Row] = Line;
                At = p + 1;
                Line += 1 + innerLines;
                innerLines = 0;
                rowFields = rowEnd;
                if (++Row >= MaxRows)
                {
                    return CsvStop.Full;
                }
            }

            if (bad != 0 || innerLines >= MaxQuotedLines)
            {
                return CsvStop.Unsure;
            }
        }

        return CsvStop.End;
    }

    private static void MarkDoubled(FieldRef* field) => *field = new FieldRef(field->Start, field->Length, FieldKind.CsvDoubled);
}
