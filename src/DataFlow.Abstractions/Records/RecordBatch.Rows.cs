using System.Runtime.CompilerServices;

namespace DataFlow;

/// <content>Writing rows: parsers and sources.</content>
public sealed partial class RecordBatch
{
    private FieldRef[] _refs = [];
    private int[] _rowStart = [];
    private int[] _rowLength = [];
    private int[] _rowLine = [];
    private byte[] _overlay = [];
    private int _overlayLength;
    private RecordSchema _physicalSchema = RecordSchema.Empty;
    private int[]?[]? _rowOrders;
    private bool[]? _notRaw;
    private RecordOperation[]? _operations;
    private long[]? _positions;
    private UInt128[]? _keys;
    private bool _hasKeys;
    private IDeferredRows? _deferred;

    /// <summary>Rows that were read, before any selection.</summary>
    public int RowCount { get; internal set; }

    /// <summary>Columns per row in the table of slices; at least the physical schema's count.</summary>
    public int Stride { get; private set; }

    /// <summary>Line number of the batch's first line, 1-based; row lines are kept relative to it.</summary>
    public long FirstLine { get; set; }

    /// <summary>The physical schema: what the parser found.</summary>
    public RecordSchema PhysicalSchema => _physicalSchema;

    /// <summary>
    /// True when the raw bytes of the rows are their JSON values, so that an unchanged row is written by copying it: see
    /// <see cref="IsRowRaw"/> for the exceptions. A value that is no object is a row with the one field <c>value</c>; a
    /// key that stands twice is one field, the last one; only the raw bytes have all of it.
    /// </summary>
    public bool RowsAreJsonObjects { get; set; }

    /// <summary>
    /// The physical column that gives <see cref="DataRecord.Id"/>, or -1 for a generated one. A row whose value there is
    /// null, empty, absent, an object or an array gets a generated id too.
    /// </summary>
    public int IdColumn { get; set; } = -1;

    /// <summary>True when the id column is left out of the <see cref="DataRecord.Data"/> view (JSON), though transforms and sinks still see it.</summary>
    public bool IdIsHidden { get; set; }

    /// <summary>
    /// Gives the id of a row that has none in its data, as a message has its key; null or empty where there is none either. Called
    /// with the batch and a 0-based physical row. A static lambda costs no allocation per batch.
    /// </summary>
    public Func<RecordBatch, int, string?>? IdOutsideData { get; set; }

    /// <summary>
    /// Gives the bytes that a dead letter keeps of a row, where the row can't be read again from those in the buffer. Called with the
    /// batch and a 0-based physical row.
    /// </summary>
    public Func<RecordBatch, int, byte[]>? LetterOutsideData { get; set; }

    /// <summary>True while rows still have to be parsed: see <see cref="Defer"/>.</summary>
    public bool IsDeferred => _deferred is not null;

    internal FieldRef[] Refs => _refs;

    internal int[] RowStarts => _rowStart;

    internal int[] RowLengths => _rowLength;

    internal int[] RowLines => _rowLine;

    internal byte[] Overlay => _overlay;

    /// <summary>Sets the physical schema of an empty batch and makes room for rows.</summary>
    /// <param name="schema">Columns of the rows to come.</param>
    /// <param name="rows">Expected number of rows; the table grows when it is exceeded.</param>
    public void Begin(RecordSchema schema, int rows)
    {
        ThrowIfReleased();
        if (RowCount != 0)
        {
            throw new InvalidOperationException("The schema of a batch with rows can only grow: use GrowTo.");
        }

        _physicalSchema = schema;
        Stride = schema.Count;
        EnsureRows(Math.Max(rows, 16));
    }

    /// <summary>Replaces the schema by one that has more columns at the end; rows so far get <see cref="FieldKind.Absent"/> there.</summary>
    public void GrowTo(RecordSchema schema)
    {
        ThrowIfReleased();
        if (schema.Count > Stride)
        {
            Widen((schema.Count + 7) & ~7);
        }

        _physicalSchema = schema;
    }

    /// <summary>Adds a row whose fields are all absent and returns its slices, one per physical column, to be filled.</summary>
    /// <param name="start">Where the row's raw bytes start in the buffer.</param>
    /// <param name="length">Length of the raw bytes.</param>
    /// <param name="line">Physical line of the row relative to <see cref="FirstLine"/>, 0-based.</param>
    public Span<FieldRef> AddRow(int start, int length, int line = 0)
    {
        ThrowIfReleased();
        EnsureRows(RowCount + 1);
        var row = RowCount++;
        _rowStart[row] = start;
        _rowLength[row] = length;
        _rowLine[row] = line;
        var slices = _refs.AsSpan(row * Stride, Stride);
        slices.Fill(FieldRef.Absent);
        return slices;
    }

    /// <summary>Removes the last row, for parsers that find out late that it is not one.</summary>
    public void RemoveLastRow()
    {
        var row = --RowCount;
        if (row < _rowOrders?.Length)
        {
            _rowOrders[row] = null;
        }

        if (row < _notRaw?.Length)
        {
            _notRaw[row] = false;
        }

        if (row < _operations?.Length)
        {
            _operations[row] = RecordOperation.Insert;
        }
    }

    /// <summary>
    /// Removes rows as if they had not been read: records that a source read again at a boundary. Before any selection; their
    /// number belongs into <see cref="Deduplicated"/>.
    /// </summary>
    /// <param name="removed">True at the index of each row to remove; at least <see cref="RowCount"/> long.</param>
    public void RemoveRows(ReadOnlySpan<bool> removed)
    {
        ThrowIfReleased();
        var kept = 0;
        for (var row = 0; row < RowCount; row++)
        {
            if (removed[row])
            {
                continue;
            }

            if (kept != row)
            {
                MoveRow(row, kept);
            }

            kept++;
        }

        while (RowCount > kept)
        {
            RemoveLastRow();
        }
    }

    /// <summary>Copies bytes into the overlay and returns a reference to them.</summary>
    public FieldRef AddOverlay(ReadOnlySpan<byte> bytes, FieldKind kind = FieldKind.Text)
    {
        bytes.CopyTo(ReserveOverlay(bytes.Length));
        return CommitOverlay(bytes.Length, kind);
    }

    /// <summary>Room for computed bytes at the end of the overlay. Follow with <see cref="CommitOverlay"/>.</summary>
    public Span<byte> ReserveOverlay(int length)
    {
        ThrowIfReleased();
        if (_overlayLength + length > _overlay.Length - Slack)
        {
            var larger = _pool.RentBytes(Math.Max(Math.Max(_overlay.Length * 2, 4096), _overlayLength + length + Slack));
            Array.Copy(_overlay, larger, _overlayLength);
            _pool.Return(_overlay);
            _overlay = larger;
        }

        return _overlay.AsSpan(_overlayLength, length);
    }

    /// <summary>Takes the bytes that were written into the reserved room.</summary>
    public FieldRef CommitOverlay(int length, FieldKind kind = FieldKind.Text)
    {
        var reference = new FieldRef(_overlayLength, length, kind, overlay: true);
        _overlayLength += length;
        return reference;
    }

    /// <summary>Says that a row's fields stand in another order than the schema's: physical columns in the row's own order.</summary>
    public void SetRowOrder(int row, int[] columns)
    {
        if (_rowOrders is null || _rowOrders.Length <= row)
        {
            Array.Resize(ref _rowOrders, Math.Max(RowCapacity, row + 1));
        }

        _rowOrders[row] = columns;
    }

    /// <summary>
    /// Says that a row of a batch with <see cref="RowsAreJsonObjects"/> must be written from its fields, because its raw
    /// bytes are not its JSON value: text taken from an invalid line, or a repaired line.
    /// </summary>
    public void SetRowNotRaw(int row)
    {
        if (_notRaw is null || _notRaw.Length <= row)
        {
            Array.Resize(ref _notRaw, Math.Max(RowCapacity, row + 1));
        }

        _notRaw[row] = true;
    }

    /// <summary>Says that a row has no value in a column: null, absent or unchanged.</summary>
    /// <param name="row">0-based physical row.</param>
    /// <param name="column">0-based physical column.</param>
    /// <param name="kind"><see cref="FieldKind.Null"/>, <see cref="FieldKind.Absent"/> or <see cref="FieldKind.Unchanged"/>.</param>
    public void SetFieldKind(int row, int column, FieldKind kind) => _refs[(row * Stride) + column] = new FieldRef(0, 0, kind);

    /// <summary>Sets what a row says about the row it stands for. Left out, it is an insert.</summary>
    public void SetOperation(int row, RecordOperation operation)
    {
        if (_operations is null || _operations.Length <= row)
        {
            Array.Resize(ref _operations, Math.Max(row + 1, RowCount));
        }

        _operations[row] = operation;
    }

    /// <summary>Sets a row's own position in the split, where it isn't its place in the buffer.</summary>
    public void SetPosition(int row, long position)
    {
        if (_positions is null || _positions.Length <= row)
        {
            var larger = _pool.RentLongs(Math.Max(row + 1, RowCapacity));
            if (_positions is not null)
            {
                Array.Copy(_positions, larger, _positions.Length);
                _pool.Return(_positions);
            }

            _positions = larger;
        }

        _positions[row] = position;
    }

    /// <summary>
    /// Gives a row a key of its own, such as a hash of what identifies it, in a split without numeric positions. Its DeliveryId
    /// follows from the key instead of the position. Either every row of a batch has one or none.
    /// </summary>
    public void SetKey(int row, UInt128 key)
    {
        if (_keys is null || _keys.Length <= row)
        {
            Array.Resize(ref _keys, Math.Max(row + 1, RowCapacity));
        }

        _keys[row] = key;
        _hasKeys = true;
    }

    /// <summary>
    /// Postpones the parsing of the buffer to the worker that will own the batch, so that several batches are parsed at
    /// once. Everything that the reader of the next batch needs must be known already.
    /// </summary>
    public void Defer(IDeferredRows rows) => _deferred = rows;

    /// <summary>Parses what was deferred. Called by the engine, once, before anything looks at the rows.</summary>
    public void Resolve()
    {
        if (_deferred is { } deferred)
        {
            _deferred = null;
            deferred.Parse(this);
        }
    }

    internal int RowCapacity => _rowStart.Length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void EnsureRows(int rows)
    {
        if (rows > _rowStart.Length || (long)rows * Stride > _refs.Length)
        {
            GrowRows(rows);
        }
    }

    /// <summary>Gives every row room for more columns without naming them yet: a schema that fits follows with <see cref="GrowTo"/>.</summary>
    internal void Widen(int stride)
    {
        var rows = Math.Max(RowCount + 1, Math.Min(RowCapacity, MaxCells / stride));
        var table = _pool.RentRefs(checked(rows * stride));
        for (var row = 0; row < RowCount; row++)
        {
            Array.Copy(_refs, row * Stride, table, row * stride, Stride);
            Array.Fill(table, FieldRef.Absent, (row * stride) + Stride, stride - Stride);
        }

        _pool.Return(_refs);
        _refs = table;
        Stride = stride;
    }

    private void MoveRow(int from, int to)
    {
        Array.Copy(_refs, from * Stride, _refs, to * Stride, Stride);
        (_rowStart[to], _rowLength[to], _rowLine[to]) = (_rowStart[from], _rowLength[from], _rowLine[from]);
        Move(_rowOrders, from, to);
        Move(_notRaw, from, to);
        Move(_operations, from, to);
        Move(_positions, from, to);
    }

    private static void Move<T>(T[]? array, int from, int to)
    {
        if (to < array?.Length)
        {
            array[to] = from < array.Length ? array[from] : default!;
        }
    }

    private void GrowRows(int rows)
    {
        if (rows > _rowStart.Length)
        {
            var capacity = Math.Max(rows, Math.Min(_rowStart.Length * 2, 1 << 20));
            _rowStart = _pool.Resize(_rowStart, RowCount, capacity);
            _rowLength = _pool.Resize(_rowLength, RowCount, _rowStart.Length);
            _rowLine = _pool.Resize(_rowLine, RowCount, _rowStart.Length);
        }

        var cells = checked(rows * Stride);
        if (cells > _refs.Length)
        {
            var larger = _pool.RentRefs((int)Math.Max(cells, Math.Min(_refs.Length * 2L, (long)_rowStart.Length * Stride)));
            Array.Copy(_refs, larger, RowCount * Stride);
            _pool.Return(_refs);
            _refs = larger;
        }
    }

    /// <summary>Keeps what the next batch of a stream will need again, unless it is unusually large.</summary>
    private static T[]? Emptied<T>(T[]? array)
    {
        if (array is null or { Length: > 16_384 })
        {
            return null;
        }

        Array.Clear(array);
        return array;
    }

    private void ResetRows()
    {
        _pool.Return(_refs);
        _pool.Return(_rowStart);
        _pool.Return(_rowLength);
        _pool.Return(_rowLine);
        _pool.Return(_overlay);
        _refs = [];
        _rowStart = [];
        _rowLength = [];
        _rowLine = [];
        _overlay = [];
        _overlayLength = 0;
        _rowOrders = Emptied(_rowOrders);
        _notRaw = Emptied(_notRaw);
        _operations = null;
        if (_positions is not null)
        {
            _pool.Return(_positions);
            _positions = null;
        }

        _keys = Emptied(_keys);
        _hasKeys = false;
        _deferred = null;
        _physicalSchema = RecordSchema.Empty;
        RowCount = 0;
        Stride = 0;
        FirstLine = 0;
        RowsAreJsonObjects = false;
        IdColumn = -1;
        IdIsHidden = false;
        IdOutsideData = null;
        LetterOutsideData = null;
        ResetView();
    }
}
