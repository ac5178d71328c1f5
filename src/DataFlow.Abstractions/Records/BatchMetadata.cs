using System.Globalization;
using System.Text;

namespace DataFlow;

/// <summary>
/// What is known about the records of a batch besides their data: constant for the batch (file path) or one value per
/// row (line number). Addressed as <c>@name</c> in filters, mappings, templates and envelopes.
/// </summary>
/// <param name="batch">The batch it describes.</param>
public sealed class BatchMetadata(RecordBatch batch)
{
    private readonly List<Column> _columns = [];

    /// <summary>Number of metadata fields.</summary>
    public int Count => _columns.Count;

    /// <summary>The name of a metadata field.</summary>
    /// <param name="index">0-based.</param>
    public string NameOf(int index) => _columns[index].Name;

    /// <summary>The index of a metadata field, or -1.</summary>
    public int IndexOf(string name)
    {
        for (var index = 0; index < _columns.Count; index++)
        {
            if (_columns[index].Name == name)
            {
                return index;
            }
        }

        return -1;
    }

    /// <summary>True when the value is a whole number kept per row: use <see cref="NumberOf"/> to read it without formatting.</summary>
    public bool IsNumber(int index) => _columns[index].Numbers is not null;

    /// <summary>The number of a per-row whole-number field.</summary>
    /// <param name="index">0-based field.</param>
    /// <param name="row">0-based physical row.</param>
    public long NumberOf(int index, int row) => _columns[index].Numbers!(batch, row);

    /// <summary>The UTF-8 value of a constant field, or an empty span when the field varies by row.</summary>
    public ReadOnlySpan<byte> ConstantOf(int index) => _columns[index].Constant;

    /// <summary>The bytes of a field that is constant or kept as bytes; false for others, and where the row has none.</summary>
    /// <param name="index">0-based field.</param>
    /// <param name="row">0-based physical row.</param>
    /// <param name="bytes">Valid as long as the batch; UTF-8, unless the source has bytes that are no text.</param>
    public bool TryBytesOf(int index, int row, out ReadOnlySpan<byte> bytes)
    {
        var column = _columns[index];
        if (column.Bytes is { } byRow)
        {
            return byRow(batch, row, out bytes);
        }

        bytes = column.Constant;
        return column.Constant is not null;
    }

    /// <summary>The value as text; null when the row has none.</summary>
    /// <param name="index">0-based field.</param>
    /// <param name="row">0-based physical row.</param>
    public string? TextOf(int index, int row)
    {
        var column = _columns[index];
        return column switch
        {
            { Constant: { } constant } => Encoding.UTF8.GetString(constant),
            { Numbers: { } numbers } => numbers(batch, row).ToString(CultureInfo.InvariantCulture),
            { Bytes: { } bytes } => bytes(batch, row, out var value) ? Encoding.UTF8.GetString(value) : null,
            _ => column.Texts!(batch, row),
        };
    }

    /// <summary>Adds a field with one value for the whole batch. A value that is set again replaces the former one.</summary>
    public BatchMetadata Set(string name, string value) => Put(new Column(name, Encoding.UTF8.GetBytes(value), null, null, null));

    /// <summary>As <see cref="Set(string, string)"/>, from UTF-8 that the caller promises not to change: no copy.</summary>
    public BatchMetadata Set(string name, byte[] utf8) => Put(new Column(name, utf8, null, null, null));

    /// <summary>Adds a field with a whole number per row.</summary>
    /// <param name="name">Field name.</param>
    /// <param name="byRow">Called with the batch and a 0-based physical row. A static lambda costs no allocation per batch.</param>
    public BatchMetadata SetNumbers(string name, Func<RecordBatch, int, long> byRow) => Put(new Column(name, null, byRow, null, null));

    /// <summary>Adds a field with a text per row; null where a row has none.</summary>
    /// <param name="name">Field name.</param>
    /// <param name="byRow">Called with the batch and a 0-based physical row. A static lambda costs no allocation per batch.</param>
    public BatchMetadata SetTexts(string name, Func<RecordBatch, int, string?> byRow) => Put(new Column(name, null, null, byRow, null));

    /// <summary>Adds a field with bytes per row, for whoever can keep them as they are; as text they read as UTF-8.</summary>
    /// <param name="name">Field name.</param>
    /// <param name="byRow">Called with the batch and a 0-based physical row. A static lambda costs no allocation per batch.</param>
    public BatchMetadata SetBytes(string name, BytesOfRow byRow) => Put(new Column(name, null, null, null, byRow));

    internal void Clear() => _columns.Clear();

    private BatchMetadata Put(Column column)
    {
        var index = IndexOf(column.Name);
        if (index >= 0)
        {
            _columns[index] = column;
        }
        else
        {
            _columns.Add(column);
        }

        return this;
    }

    private readonly record struct Column(
        string Name, byte[]? Constant, Func<RecordBatch, int, long>? Numbers, Func<RecordBatch, int, string?>? Texts, BytesOfRow? Bytes);
}

/// <summary>Reads the bytes of a metadata field of one row.</summary>
/// <param name="batch">The batch.</param>
/// <param name="row">0-based physical row.</param>
/// <param name="bytes">The bytes, valid as long as the batch.</param>
/// <returns>False when the row has none.</returns>
public delegate bool BytesOfRow(RecordBatch batch, int row, out ReadOnlySpan<byte> bytes);
