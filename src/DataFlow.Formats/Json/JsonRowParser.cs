using System.Runtime.CompilerServices;

namespace DataFlow.Formats;

/// <summary>
/// Makes rows of JSON values that stand in a batch's buffer: checks the grammar once, from left to right, and notes a slice
/// per key of the outermost object. Rows whose keys are the expected ones cost one comparison per key. Not thread-safe; a
/// parser may serve one batch after the other and keeps what it knows about keys.
/// </summary>
/// <remarks>
/// An object's fields stand in the order of its keys; of a key that stands twice the last value counts, at the first one's
/// place. A value that is no object is a row with the one field <c>value</c>. Bytes must be valid UTF-8.
/// </remarks>
internal sealed unsafe partial class JsonRowParser
{
    /// <summary>Columns that earlier batches left behind are kept up to here although a first row has few of them.</summary>
    private const int KeptColumns = 256;

    private readonly JsonColumns _columns = new();
    private readonly RowOrders _orders = new();
    private readonly bool _vectorised;
    private readonly int _maxFields;
    private readonly int[] _order;
    private RecordBatch _batch = null!;
    private long _maxCells;
    private byte[] _name = new byte[256];
    private int _fields;
    private int _columnsBefore;
    private bool _isRepeating;
    private int _repeating;

    /// <summary>Creates a parser.</summary>
    /// <param name="maxFields">Most fields per row.</param>
    /// <param name="vectorised">False to search byte by byte; the rows are the same.</param>
    public JsonRowParser(int maxFields, bool vectorised = true)
    {
        _maxFields = maxFields;
        _order = new int[maxFields];
        _vectorised = vectorised;
    }

    /// <summary>Columns of the current batch, or of the last one.</summary>
    public int ColumnCount => _columns.Count;

    /// <summary>Why the last text was not taken.</summary>
    public JsonFault Fault { get; private set; }

    /// <summary>Where it went wrong: an offset into the array that was parsed.</summary>
    public int FaultAt { get; private set; }

    /// <summary>Starts an empty batch.</summary>
    /// <param name="batch">Its rows are the ones to come.</param>
    /// <param name="rows">Expected number of rows.</param>
    /// <param name="maxCells">Rows times columns at which <see cref="JsonFault.BatchFull"/> is reported.</param>
    public void Begin(RecordBatch batch, int rows, long maxCells = RecordBatch.MaxCells)
    {
        _batch = batch;
        _maxCells = maxCells;
        _repeating = 0;
        batch.Begin(_columns.Schema, Math.Min(rows, RecordBatch.MaxCells / Math.Max(1, _columns.Count)));
    }

    /// <summary>Gives the batch its schema, id column and outcomes. Rows were added all the time.</summary>
    public void Finish()
    {
        var batch = _batch;
        batch.GrowTo(batch.RowCount == 0 ? RecordSchema.Empty : _columns.Schema);
        batch.RowsAreJsonObjects = true;
        batch.IdColumn = batch.PhysicalSchema.IndexOf("id");
        batch.IdIsHidden = true;
        if (_repeating > 0)
        {
            batch.CountOutcome("duplicate-key", _repeating);
        }

        _batch = null!;
    }

    /// <summary>Adds a row for a complete JSON value in the batch's buffer, white space around it allowed.</summary>
    /// <param name="start">Where the text starts in the buffer.</param>
    /// <param name="length">Its length; the byte after it is overwritten for the time of the call.</param>
    /// <param name="line">Line of the row, relative to the batch's first.</param>
    /// <returns>False when no row was added: see <see cref="Fault"/>.</returns>
    public bool TryParseRow(int start, int length, int line) => TryParse(_batch.Data, start, length, line);

    /// <summary>
    /// As <see cref="TryParseRow"/>, for text in the overlay. The row is not written raw; its raw bytes are the ones given.
    /// </summary>
    public bool TryParseOverlay(FieldRef text, int rawStart, int rawLength, int line)
    {
        if (!TryParse(_batch.Overlay, text.Start, text.Length, line))
        {
            return false;
        }

        var row = _batch.RowCount - 1;
        _batch.RowStarts[row] = rawStart;
        _batch.RowLengths[row] = rawLength;
        _batch.SetRowNotRaw(row);
        foreach (ref var field in _batch.Refs.AsSpan(row * _batch.Stride, _batch.Stride))
        {
            field = new FieldRef(field.Start, field.Length, field.Kind, overlay: field.Kind is not (FieldKind.Null or FieldKind.Absent));
        }

        return true;
    }

    /// <summary>
    /// Adds a row for the value that starts at a byte of the buffer, when it is an object. What follows it is the caller's to
    /// check; <see cref="RemoveRow"/> takes the row back.
    /// </summary>
    /// <param name="start">Where the value starts.</param>
    /// <param name="limit">Where a line break stands, at which the object must have ended.</param>
    /// <param name="line">Line of the row, relative to the batch's first.</param>
    /// <returns>Where the object ends, or -1 when no row was added.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ParseObject(int start, int limit, int line)
    {
        fixed (byte* origin = _batch.Data)
        {
            if (origin[start] != (byte)'{')
            {
                Fault = JsonFault.KeyOrEndExpected;
                return -1;
            }

            var walk = new JsonWalk { Whitespace = JsonGrammar.WhitespaceInLine, Limit = origin + limit };
            var end = Row(origin, origin + start, line, ref walk);
            return end == null ? -1 : (int)(end - origin);
        }
    }

    /// <summary>
    /// Adds a row for the value of any kind that starts at a byte of the buffer and may go on over any number of lines. What
    /// follows it is the caller's to check.
    /// </summary>
    /// <param name="start">Where the value starts; not white space.</param>
    /// <param name="limit">Where the text ends; the byte there is overwritten for the time of the call.</param>
    /// <param name="line">Line of the row, relative to the batch's first.</param>
    /// <returns>Where the value ends, or -1 when no row was added: see <see cref="Fault"/>.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ParseValue(int start, int limit, int line)
    {
        fixed (byte* origin = _batch.Data)
        {
            var walk = new JsonWalk { Whitespace = JsonGrammar.Whitespace, Limit = origin + limit };
            var overwritten = origin[limit];
            origin[limit] = 0;
            var end = Row(origin, origin + start, line, ref walk);
            origin[limit] = overwritten;
            return end == null ? -1 : (int)(end - origin);
        }
    }

    /// <summary>Takes the last row back, with the columns that came with it.</summary>
    public void RemoveRow()
    {
        _batch.RemoveLastRow();
        _columns.RemoveFrom(_columnsBefore);
        _repeating -= _isRepeating ? 1 : 0;
    }

    private bool TryParse(byte[] array, int start, int length, int line)
    {
        fixed (byte* origin = array)
        {
            var limit = origin + start + length;
            var walk = new JsonWalk { Whitespace = JsonGrammar.Whitespace, Limit = limit };
            var overwritten = *limit;
            *limit = 0;
            var value = walk.SkipWhitespace(origin + start);
            var end = Row(origin, value, line, ref walk);
            if (end != null)
            {
                var rest = walk.SkipWhitespace(end);
                if (rest != limit)
                {
                    RemoveRow();
                    Fault = JsonFault.EndExpected;
                    FaultAt = (int)(rest - origin);
                    end = null;
                }
            }

            *limit = overwritten;
            return end != null;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private byte* Row(byte* origin, byte* value, int line, ref JsonWalk walk)
    {
        var known = _columnsBefore = _columns.Count;
        var end = Fields(origin, value, ref walk);
        if (end != null && known > 0 && _batch.RowCount == 1 && !IsExpected(known))
        {
            _batch.RemoveLastRow();
            _columnsBefore = 0;
            _columns.RemoveFrom(0);
            _batch.Begin(RecordSchema.Empty, 1);
            end = Fields(origin, value, ref walk);
        }

        if (end == null)
        {
            DropRow();
            Fault = walk.Fault;
            FaultAt = (int)(walk.FaultAt - origin);
            return null;
        }

        _repeating += _isRepeating ? 1 : 0;
        EndRow((int)(value - origin), (int)(end - value), line);
        return end;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* Fields(byte* origin, byte* value, ref JsonWalk walk)
    {
        BeginRow();
        _isRepeating = false;
        if (IsFull(_columns.Count))
        {
            return walk.Fail(value, JsonFault.BatchFull);
        }

        if (*value != (byte)'{')
        {
            return SingleValue(origin, value, ref walk);
        }

        return _vectorised
            ? ObjectFields<VectorScan>(origin, value, ref walk)
            : ObjectFields<ScalarScan>(origin, value, ref walk);
    }

    /// <summary>Whether a batch's first row fits the columns that earlier batches left behind.</summary>
    private bool IsExpected(int known) => _columns.Count == known && (known <= KeptColumns || _fields * 2 >= known);

    /// <summary>Whether the row that was begun is one too many for this number of columns. The first row never is.</summary>
    private bool IsFull(int columns) => (long)_batch.RowCount * columns > _maxCells && _batch.RowCount > 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void BeginRow()
    {
        var row = _batch.RowCount;
        _batch.EnsureRows(row + 1);
        _batch.RowCount = row + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void EndRow(int start, int length, int line)
    {
        var row = _batch.RowCount - 1;
        _batch.RowStarts[row] = start;
        _batch.RowLengths[row] = length;
        _batch.RowLines[row] = line;
    }

    private void DropRow()
    {
        _batch.RowCount--;
        _columns.RemoveFrom(_columnsBefore);
    }

    /// <summary>The column of a name; a new one when the batch has room for it, else -1.</summary>
    private int ColumnOf(ReadOnlySpan<byte> name, ReadOnlySpan<byte> written, byte* at, ref JsonWalk walk)
    {
        var column = _columns.Find(name);
        if (column >= 0)
        {
            return column;
        }

        var count = _columns.Count + 1;
        if (IsFull(count))
        {
            walk.Fail(at, JsonFault.BatchFull);
            return -1;
        }

        if (count > _batch.Stride)
        {
            _batch.Widen((count + (count / 2) + 7) & ~7);
        }

        return _columns.Add(name, written);
    }
}
