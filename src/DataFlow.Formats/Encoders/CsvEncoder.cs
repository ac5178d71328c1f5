using System.Text;

namespace DataFlow.Formats;

/// <summary>
/// Writes each record as a line of RFC 4180 CSV with line feeds, for columns that are fixed. JSON strings are written as their
/// text, nested values as their JSON; fields with delimiter, quote or line break stand in quotes. Thread-safe.
/// </summary>
public sealed class CsvEncoder : IBatchEncoder
{
    private readonly BatchPool _pool;
    private readonly EncoderOptions _options;
    private readonly RecordSchema _columns;
    private readonly byte[] _delimiter;
    private readonly byte[] _nullText;
    private readonly byte[] _header;
    private CsvLayout _layout;
    private long _droppedValues;

    /// <summary>An encoder for a file with these columns.</summary>
    /// <param name="pool">Where the buffers come from.</param>
    /// <param name="options">Delimiter, header, text for null and what to do with new fields.</param>
    /// <param name="columns">Names in order.</param>
    public CsvEncoder(BatchPool pool, EncoderOptions options, IReadOnlyList<string> columns)
    {
        ArgumentNullException.ThrowIfNull(options);
        _pool = pool;
        _options = options;
        _columns = new RecordSchema(columns);
        _delimiter = Encoding.UTF8.GetBytes(DelimiterOf(options));
        _nullText = Encoding.UTF8.GetBytes(options.NullText);
        _header = options.Header ? EncodeHeader() : [];
        _layout = new CsvLayout(_columns, _columns);
    }

    /// <summary>Names of the columns, in order.</summary>
    public IReadOnlyList<string> Columns => _columns.Names;

    /// <summary>The header line, or nothing when none is to be written.</summary>
    public ReadOnlyMemory<byte> Header => _header;

    /// <summary>Values that were left out because the file has no column for them.</summary>
    public long DroppedValues => Interlocked.Read(ref _droppedValues);

    /// <summary>The fields that a row has, in its own order: the columns of a file that starts with it.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="row">0-based physical row.</param>
    public static IReadOnlyList<string> ColumnsOf(RecordBatch batch, int row)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var order = batch.VisibleOrderOf(row) ?? Enumerable.Range(0, batch.Schema.Count);
        return [.. order.Where(column => Has(batch, row, column)).Select(column => batch.Schema.Names[column])];
    }

    /// <inheritdoc/>
    /// <exception cref="ConnectorException">A record has a field that is no column, and the policy is not to drop it.</exception>
    public EncodedBatch Encode(RecordBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var layout = LayoutOf(batch.Schema);
        if (layout.NewFields.Length > 0)
        {
            if (_options.OnNewField == NewFieldPolicy.DropCounted)
            {
                Interlocked.Add(ref _droppedValues, CountNewFields(batch, layout));
            }
            else if (FirstRowWithNewField(batch, 0) is var index && index < batch.Count)
            {
                throw NewField(batch, batch.RowAt(index), layout);
            }
        }

        return Encode(batch, 0, batch.Count);
    }

    /// <summary>Encodes the visible rows <paramref name="from"/> to <paramref name="to"/>; new fields are left out.</summary>
    public unsafe EncodedBatch Encode(RecordBatch batch, int from, int to)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var layout = LayoutOf(batch.Schema);
        var output = new EncodedBatch(_pool);
        var estimate = RowWriter.Estimate(batch, to - from, (layout.Columns.Length * (_delimiter.Length + _nullText.Length + 1)) + 4);
        fixed (byte* data = batch.Data, overlay = batch.Overlay)
        {
            var rows = new CsvRowWriter(batch, layout.Columns, _delimiter, _nullText, data, overlay);
            RowWriter.WriteRows(batch, from, to, output, estimate, ref rows);
        }

        return output;
    }

    /// <summary>
    /// The first visible row, from <paramref name="from"/> on, with a field that is no column; the batch's count when there is
    /// none.
    /// </summary>
    public int FirstRowWithNewField(RecordBatch batch, int from)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var layout = LayoutOf(batch.Schema);
        for (var index = layout.NewFields.Length == 0 ? batch.Count : from; index < batch.Count; index++)
        {
            var row = batch.RowAt(index);
            if (Array.Exists(layout.NewFields, column => Has(batch, row, column)))
            {
                return index;
            }
        }

        return batch.Count;
    }

    /// <summary>An encoder with more columns at the end: the fields of a row that were no columns yet.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="row">0-based physical row.</param>
    public CsvEncoder WithFieldsOf(RecordBatch batch, int row) =>
        new(_pool, _options, [.. Columns, .. ColumnsOf(batch, row).Where(name => _columns.IndexOf(name) < 0)]);

    internal static string? DelimiterProblem(string delimiter) => delimiter.Length == 0
        ? "The delimiter is empty; give one or more characters, such as ',' or '\\t'."
        : delimiter.AsSpan().IndexOfAny("\"\r\n") >= 0
            ? "The delimiter must hold no quote and no line break, because fields could not be told apart."
            : null;

    private static string DelimiterOf(EncoderOptions options) => options.Delimiter.Replace("\\t", "\t", StringComparison.Ordinal);

    private static bool Has(RecordBatch batch, int row, int column) =>
        batch.Field(row, column).Kind is not (FieldKind.Absent or FieldKind.Unchanged);

    private static long CountNewFields(RecordBatch batch, CsvLayout layout)
    {
        var count = 0L;
        for (var index = 0; index < batch.Count; index++)
        {
            var row = batch.RowAt(index);
            count += layout.NewFields.Count(column => Has(batch, row, column));
        }

        return count;
    }

    private ConnectorException NewField(RecordBatch batch, int row, CsvLayout layout)
    {
        var name = batch.Schema.Names[Array.Find(layout.NewFields, column => Has(batch, row, column))];
        return ConnectorException.User(
            $"The record on line {batch.LineOf(row)} has the field '{name}', for which the CSV file has no column (it has "
                + $"{string.Join(", ", Columns)}). "
            + "List all fields in the option columns, or set on-new-field to rotate (go on in a new file) or drop-counted (leave "
            + "the field out).");
    }

    private unsafe byte[] EncodeHeader()
    {
        using var output = new EncodedBatch(_pool);
        var batch = _pool.Rent(1024);
        try
        {
            batch.Begin(_columns, 1);
            var fields = new FieldRef[_columns.Count];
            for (var index = 0; index < fields.Length; index++)
            {
                var name = _columns.Utf8Name(index);
                fields[index] = new FieldRef(batch.Append(name), name.Length, FieldKind.Text);
            }

            fields.CopyTo(batch.AddRow(0, batch.Length));
            fixed (byte* data = batch.Data)
            {
                var rows = new CsvRowWriter(batch, [.. Enumerable.Range(0, fields.Length)], _delimiter, [], data, null);
                RowWriter.WriteRows(batch, 0, 1, output, batch.Length, ref rows);
            }
        }
        finally
        {
            batch.Release();
        }

        return output.Bytes.ToArray();
    }

    private CsvLayout LayoutOf(RecordSchema schema)
    {
        var layout = Volatile.Read(ref _layout);
        if (!ReferenceEquals(layout.Schema, schema))
        {
            layout = new CsvLayout(schema, _columns);
            Volatile.Write(ref _layout, layout);
        }

        return layout;
    }

    /// <summary>Where the columns of the file stand in a schema. Immutable; made once per schema.</summary>
    private sealed class CsvLayout(RecordSchema schema, RecordSchema columns)
    {
        public RecordSchema Schema { get; } = schema;

        /// <summary>For each column of the file the visible column, or -1.</summary>
        public int[] Columns { get; } = [.. columns.Names.Select(schema.IndexOf)];

        /// <summary>Visible columns that the file doesn't have.</summary>
        public int[] NewFields { get; } = [.. Enumerable.Range(0, schema.Count).Where(column => columns.IndexOf(schema.Names[column]) < 0)];
    }
}
