using System.Runtime.CompilerServices;

namespace DataFlow;

/// <content>Reading values, selecting rows, projecting columns.</content>
public sealed partial class RecordBatch
{
    private int[]? _selection;
    private int _selected;
    private RecordSchema? _visibleSchema;
    private int[]? _columns;
    private FieldRef[]? _constants;

    /// <summary>Rows that are left after selection.</summary>
    public int Count => _selection is null ? RowCount : _selected;

    /// <summary>The visible columns.</summary>
    public RecordSchema Schema => _visibleSchema ?? _physicalSchema;

    /// <summary>True when columns were chosen, renamed or added: rows can't be copied as raw bytes any more.</summary>
    public bool IsProjected => _visibleSchema is not null;

    /// <summary>For each visible column the physical one, or <c>~i</c> for the i-th of the constants; null without projection.</summary>
    internal int[]? Projection => _columns;

    /// <summary>Values that a projection added.</summary>
    internal FieldRef[]? Constants => _constants;

    /// <summary>The physical row of a visible one.</summary>
    /// <param name="index">0-based, below <see cref="Count"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int RowAt(int index) => _selection is null ? index : _selection[index];

    /// <summary>Where a value stands and how to read it.</summary>
    /// <param name="row">0-based physical row: <see cref="RowAt"/>.</param>
    /// <param name="column">0-based visible column.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FieldRef Field(int row, int column)
    {
        if (_columns is null)
        {
            return _refs[(row * Stride) + column];
        }

        var physical = _columns[column];
        return physical >= 0 ? _refs[(row * Stride) + physical] : _constants![~physical];
    }

    /// <summary>As <see cref="Field"/>, for a column that was read, whatever was made of it since.</summary>
    /// <param name="row">0-based physical row.</param>
    /// <param name="column">0-based physical column.</param>
    public FieldRef PhysicalField(int row, int column) => _refs[(row * Stride) + column];

    /// <summary>The bytes of a reference, undecoded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Raw(FieldRef field) => (field.IsOverlay ? _overlay : _data).AsSpan(field.Start, field.Length);

    /// <summary>
    /// The value as UTF-8 text: quotes undoubled, escapes resolved, JSON tokens as they stand, bytes as base64. Null, absent
    /// and unchanged read as empty: ask <see cref="Field"/> for the difference.
    /// </summary>
    /// <remarks>A value that has to be decoded is decoded into the overlay once. The span is valid until the next call that writes to the overlay.</remarks>
    /// <param name="row">0-based physical row.</param>
    /// <param name="column">0-based visible column.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Utf8(int row, int column)
    {
        var field = Field(row, column);
        return field.Kind is FieldKind.Text or FieldKind.JsonString or FieldKind.JsonRaw ? Raw(field) : Decode(row, column, field);
    }

    /// <summary>The row's bytes as they were read, without the record separator.</summary>
    /// <param name="row">0-based physical row.</param>
    public ReadOnlySpan<byte> RawRow(int row) => _data.AsSpan(_rowStart[row], _rowLength[row]);

    /// <summary>The bytes that a dead letter keeps of a row, cut at <see cref="RecordError.MaxRawBytes"/>.</summary>
    /// <param name="row">0-based physical row.</param>
    public byte[] LetterOf(int row)
    {
        var raw = LetterOutsideData is { } letter ? letter(this, row) : RawRow(row);
        return raw[..Math.Min(raw.Length, RecordError.MaxRawBytes)].ToArray();
    }

    /// <summary>Where the row's raw bytes start in the buffer.</summary>
    /// <param name="row">0-based physical row.</param>
    public int StartOf(int row) => _rowStart[row];

    /// <summary>True when <see cref="RawRow"/> is the row's JSON value, byte for byte, as the source wrote it.</summary>
    /// <param name="row">0-based physical row.</param>
    public bool IsRowRaw(int row) => RowsAreJsonObjects && !(row < _notRaw?.Length && _notRaw[row]);

    /// <summary>The physical line where a row starts, 1-based.</summary>
    /// <param name="row">0-based physical row.</param>
    public long LineOf(int row) => FirstLine + _rowLine[row];

    /// <summary>The row's own position in its split.</summary>
    /// <param name="row">0-based physical row.</param>
    public long PositionOf(int row) => _positions is null ? PositionBase + _rowStart[row] : _positions[row];

    /// <summary>The row's DeliveryId: the same again when the record is read again.</summary>
    /// <param name="row">0-based physical row.</param>
    /// <exception cref="InvalidOperationException">The source set no <see cref="Identity"/>.</exception>
    public Guid DeliveryIdOf(int row)
    {
        var identity = Identity ?? throw new InvalidOperationException("The source gave the batch no identity.");
        return _hasKeys ? identity.AtKey(_keys![row]) : identity.At(PositionOf(row));
    }

    /// <summary>What the row says about the row it stands for.</summary>
    /// <param name="row">0-based physical row.</param>
    public RecordOperation OperationOf(int row) => _operations is not null && row < _operations.Length ? _operations[row] : RecordOperation.Insert;

    /// <summary>Physical columns in the row's own order, or null when they stand in the schema's order.</summary>
    /// <param name="row">0-based physical row.</param>
    public int[]? RowOrderOf(int row) => _rowOrders is not null && row < _rowOrders.Length ? _rowOrders[row] : null;

    /// <summary>The physical column behind a visible one, or -1 for a constant.</summary>
    /// <param name="column">0-based visible column.</param>
    public int PhysicalColumn(int column) => _columns is null ? column : Math.Max(-1, _columns[column]);

    /// <summary>
    /// The guide's id of a row: the value of the id column, else of <see cref="IdOutsideData"/>, else the DeliveryId as text.
    /// </summary>
    /// <param name="row">0-based physical row.</param>
    public string IdOf(int row)
    {
        if (IdColumn >= 0)
        {
            var field = _refs[(row * Stride) + IdColumn];
            if (HasIdText(field))
            {
                return System.Text.Encoding.UTF8.GetString(FieldText.Decode(this, field));
            }
        }

        return IdOutsideData?.Invoke(this, row) is { Length: > 0 } outside ? outside : DeliveryIdOf(row).ToString();
    }

    /// <summary>True when the row's id comes from its data.</summary>
    public bool HasOwnId(int row) => IdColumn >= 0 && HasIdText(_refs[(row * Stride) + IdColumn]);

    /// <summary>Keeps the rows that are given, in their order. Replaces an earlier selection.</summary>
    /// <param name="rows">Physical rows, ascending.</param>
    public void Select(ReadOnlySpan<int> rows)
    {
        ThrowIfReleased();
        if (_selection is null || _selection.Length < rows.Length)
        {
            var larger = _pool.RentInts(Math.Max(rows.Length, 1));
            if (_selection is not null)
            {
                _pool.Return(_selection);
            }

            _selection = larger;
        }

        rows.CopyTo(_selection);
        _selected = rows.Length;
    }

    /// <summary>Shows other columns from now on. No bytes move.</summary>
    /// <param name="schema">Names and types of the new visible columns.</param>
    /// <param name="columns">For each new column the former visible column, or <c>~i</c> for the i-th constant.</param>
    /// <param name="constants">References made with <see cref="AddOverlay"/>, or null.</param>
    /// <param name="keepRowOrder">
    /// True when the caller gave no order of its own: rows whose fields stand in another order than the schema's keep it, and
    /// columns that are new to them follow at the end.
    /// </param>
    public void Project(RecordSchema schema, ReadOnlySpan<int> columns, FieldRef[]? constants = null, bool keepRowOrder = false)
    {
        ThrowIfReleased();
        _visibleOrders = keepRowOrder ? ProjectOrders(columns) : null;
        var map = new int[columns.Length];
        var known = _constants?.Length ?? 0;
        for (var index = 0; index < map.Length; index++)
        {
            map[index] = columns[index] switch
            {
                >= 0 when _columns is not null => _columns[columns[index]],
                >= 0 => columns[index],
                _ => ~(known + ~columns[index]),
            };
        }

        if (constants is { Length: > 0 })
        {
            _constants = _constants is null ? constants : [.. _constants, .. constants];
        }

        _columns = map;
        _visibleSchema = schema;
    }

    private bool HasIdText(FieldRef field) => field.Kind switch
    {
        FieldKind.Null or FieldKind.Absent or FieldKind.Unchanged or FieldKind.Bytes => false,
        FieldKind.JsonRaw => Raw(field)[0] is not ((byte)'{' or (byte)'['),
        _ => field.Length > 0,
    };

    private ReadOnlySpan<byte> Decode(int row, int column, FieldRef field)
    {
        if (field.Kind is FieldKind.Null or FieldKind.Absent or FieldKind.Unchanged)
        {
            return default;
        }

        var decoded = FieldText.DecodeToOverlay(this, field);
        var physical = _columns is null ? column : _columns[column];
        if (field.Kind is FieldKind.CsvDoubled)
        {
            // JSON strings keep their escaped form, because a JSON sink copies it as it stands.
            if (physical >= 0)
            {
                _refs[(row * Stride) + physical] = decoded;
            }
            else
            {
                _constants![~physical] = decoded;
            }
        }

        return Raw(decoded);
    }

    private void ResetView()
    {
        if (_selection is not null)
        {
            _pool.Return(_selection);
        }

        _selection = null;
        _selected = 0;
        _visibleSchema = null;
        _columns = null;
        _constants = null;
        _visibleOrders = null;
    }
}
