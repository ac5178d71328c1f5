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

    /// <summary>Stop soon after so many rows: the table has room for 128 more.</summary>
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

    private int _fieldStart = at;
    private int _fields;
    private int _innerLines;
    private bool _isDoubled;

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
        var inside = 0UL;
        var nearQuote = 0UL;
        var delimiter = Delimiter;
        var quoting = Quoting;
        var columns = Columns;
        var maxLength = (uint)MaxLength;
        var roomEnd = refs + ((long)RowCapacity * columns);
        var rowRefs = refs + ((long)Row * columns);
        var field = rowRefs;
        var fieldStart = first;
        for (var at = first; at < end; at += 64)
        {
            if (field > roomEnd)
            {
                return CsvStop.NoRoom;
            }

            TBlock.Classify(data + at, delimiter, out var quotes, out var delimiters, out var newlines);
            if (end - at < 64)
            {
                var visible = (1UL << (end - at)) - 1;
                quotes &= visible;
                delimiters &= visible;
                newlines &= visible;
            }

            quotes &= quoting;
            if ((quotes | nearQuote) != 0)
            {
                _fieldStart = fieldStart;
                _fields = (int)(field - rowRefs);
                var masks = CsvQuotes.Resolve<TBlock>(data, first, at, end, quotes, delimiters, newlines, delimiter, ref inside);
                var stop = ScanQuotes(masks, at, newlines);
                if (stop != CsvStop.End)
                {
                    return stop;
                }

                // A closing quote in the last two bytes may belong to a field that ends in the next block.
                nearQuote = inside | (quotes >> 62);
                rowRefs = refs + ((long)Row * columns);
                field = rowRefs + _fields;
                fieldStart = _fieldStart;
                continue;
            }

            var separators = delimiters | newlines;
            var next = field + BitOperations.PopCount(separators);
            for (var left = separators; left != 0; left &= left - 1)
            {
                var p = at + BitOperations.TrailingZeroCount(left);
                *field++ = new FieldRef(fieldStart, p - fieldStart, FieldKind.Text);
                fieldStart = p + 1;
            }

            for (; newlines != 0; newlines &= newlines - 1)
            {
                var bit = BitOperations.TrailingZeroCount(newlines);
                var rowEnd = next - BitOperations.PopCount(separators & (ulong.MaxValue << 1 << bit));
                var p = at + bit;
                var length = p - At;
                if (length > 0 && data[p - 1] == (byte)'\r')
                {
                    length--;
                    var last = rowEnd[-1].Start;
                    rowEnd[-1] = new FieldRef(last, p - 1 - last, FieldKind.Text);
                }

                if (rowEnd - rowRefs != columns || (uint)(length - 1) >= maxLength)
                {
                    return CsvStop.Unsure;
                }

                starts[Row] = At;
                lengths[Row] = length;
                lines[Row] = Line;
                At = p + 1;
                Line += 1 + _innerLines;
                _innerLines = 0;
                rowRefs = rowEnd;
                if (++Row >= MaxRows)
                {
                    return CsvStop.Full;
                }
            }
        }

        return CsvStop.End;
    }

    /// <summary>Scans a block with quotes, or one that starts inside quotes.</summary>
    private CsvStop ScanQuotes(in CsvQuotes masks, int at, ulong newlines)
    {
        var bad = masks.Bad;
        var reopening = masks.Reopening;
        var left = masks.Separators | (newlines & masks.Within);
        if (bad != 0)
        {
            left &= (bad & (0 - bad)) - 1;
        }

        for (; left != 0; left &= left - 1)
        {
            var bit = left & (0 - left);
            if ((masks.Within & bit) != 0)
            {
                _innerLines++;
                continue;
            }

            var p = at + BitOperations.TrailingZeroCount(bit);
            var isDoubled = _isDoubled || (reopening & (bit - 1)) != 0;
            reopening &= ~(bit - 1);
            _isDoubled = false;
            if (!EndField(p, (newlines & bit) != 0, isDoubled))
            {
                return CsvStop.Unsure;
            }

            if (Row >= MaxRows)
            {
                return CsvStop.Full;
            }
        }

        _isDoubled |= reopening != 0;
        return bad != 0 || _innerLines >= MaxQuotedLines ? CsvStop.Unsure : CsvStop.End;
    }

    private bool EndField(int p, bool isRowEnd, bool isDoubled)
    {
        var fieldEnd = isRowEnd && p > _fieldStart && data[p - 1] == (byte)'\r' ? p - 1 : p;
        var isQuoted = Quoting != 0 && fieldEnd > _fieldStart && data[_fieldStart] == (byte)'"';
        refs[((long)Row * Columns) + _fields] = isQuoted
            ? new FieldRef(_fieldStart + 1, fieldEnd - _fieldStart - 2, isDoubled ? FieldKind.CsvDoubled : FieldKind.Text)
            : new FieldRef(_fieldStart, fieldEnd - _fieldStart, FieldKind.Text);
        _fields++;
        _fieldStart = p + 1;
        if (!isRowEnd)
        {
            return true;
        }

        var length = fieldEnd - At;
        if (_fields != Columns || (uint)(length - 1) >= (uint)MaxLength || _innerLines >= MaxQuotedLines)
        {
            return false;
        }

        starts[Row] = At;
        lengths[Row] = length;
        lines[Row] = Line;
        At = p + 1;
        Line += 1 + _innerLines;
        _innerLines = 0;
        _fields = 0;
        Row++;
        return true;
    }
}
