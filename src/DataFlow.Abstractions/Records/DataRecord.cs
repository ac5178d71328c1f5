using System.Buffers.Text;
using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace DataFlow;

/// <summary>
/// One record as people see it: an id, data and metadata, every value readable as text. A copy of a row, independent of the
/// batch it came from. Immutable, thread-safe.
/// </summary>
public sealed class DataRecord
{
    private readonly RecordSchema _schema;
    private readonly byte[] _bytes;
    private readonly FieldRef[] _fields;
    private readonly int _hidden;
    private IReadOnlyDictionary<string, string>? _data;

    private DataRecord(string id, RecordSchema schema, byte[] bytes, FieldRef[] fields, int hidden, IReadOnlyDictionary<string, string> metadata)
    {
        Id = id;
        _schema = schema;
        _bytes = bytes;
        _fields = fields;
        _hidden = hidden;
        Metadata = metadata;
    }

    /// <summary>Names the record for people. It may repeat: identity is the DeliveryId.</summary>
    public string Id { get; }

    /// <summary>The record's own identity: the same again when it is read again, never shared by two records.</summary>
    public Guid DeliveryId { get; private init; }

    /// <summary>What the record says about the row it stands for.</summary>
    public RecordOperation Operation { get; private init; }

    /// <summary>The values by field name, as text. Null reads as an empty text; an absent field has no entry.</summary>
    public IReadOnlyDictionary<string, string> Data => _data ??= BuildData();

    /// <summary>What is known about the record besides its data: source, file path, line number, time of ingestion.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>A value as text, exactly as it was written in the source; null when the record has no such field.</summary>
    public string? this[string name] => TryGet(name, out var value) ? Encoding.UTF8.GetString(value) : null;

    /// <summary>Copies a row out of a batch.</summary>
    /// <param name="batch">The batch; not changed but for decoded values, still owned by the caller.</param>
    /// <param name="row">0-based physical row.</param>
    public static DataRecord From(RecordBatch batch, int row)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var schema = batch.Schema;
        var fields = new FieldRef[schema.Count];
        var length = 0;
        for (var column = 0; column < fields.Length; column++)
        {
            length += batch.Utf8(row, column).Length;
        }

        var bytes = new byte[length];
        var at = 0;
        for (var column = 0; column < fields.Length; column++)
        {
            var kind = batch.Field(row, column).Kind;
            var value = batch.Utf8(row, column);
            value.CopyTo(bytes.AsSpan(at));
            fields[column] = new FieldRef(at, value.Length, kind is FieldKind.Null or FieldKind.Absent or FieldKind.Unchanged ? kind : FieldKind.Text);
            at += value.Length;
        }

        var hidden = -1;
        if (batch.IdIsHidden && batch.HasOwnId(row))
        {
            hidden = Enumerable.Range(0, fields.Length).FirstOrDefault(column => batch.PhysicalColumn(column) == batch.IdColumn, -1);
        }

        var metadata = Enumerable.Range(0, batch.Metadata.Count)
            .Select(index => (Name: batch.Metadata.NameOf(index), Value: batch.Metadata.TextOf(index, row)))
            .Where(pair => pair.Value is not null)
            .ToFrozenDictionary(pair => pair.Name, pair => pair.Value!, StringComparer.Ordinal);
        return new DataRecord(batch.IdOf(row), schema, bytes, fields, hidden, metadata)
        {
            DeliveryId = batch.Identity is null ? Guid.Empty : batch.DeliveryIdOf(row),
            Operation = batch.OperationOf(row),
        };
    }

    /// <summary>True when the field is there and holds a real null.</summary>
    public bool IsNull(string name) => _schema.IndexOf(name) is >= 0 and var column && _fields[column].Kind is FieldKind.Null;

    /// <summary>The value's UTF-8 text without allocation; empty for null.</summary>
    /// <exception cref="KeyNotFoundException">The record has no such field.</exception>
    public ReadOnlySpan<byte> GetUtf8(string name) =>
        TryGet(name, out var value) ? value : throw new KeyNotFoundException($"The record has no field '{name}'.");

    /// <summary>The value as a whole number.</summary>
    /// <exception cref="KeyNotFoundException">The record has no such field.</exception>
    /// <exception cref="FormatException">The text is no 64-bit whole number.</exception>
    public long GetInt64(string name) =>
        Utf8Parser.TryParse(GetUtf8(name), out long value, out var used) && used == GetUtf8(name).Length
            ? value
            : throw new FormatException($"Field '{name}' holds '{this[name]}', which is no whole number.");

    /// <summary>The value as an exact decimal.</summary>
    /// <exception cref="KeyNotFoundException">The record has no such field.</exception>
    /// <exception cref="FormatException">The text is no decimal number.</exception>
    public decimal GetDecimal(string name) =>
        decimal.TryParse(GetUtf8(name), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new FormatException($"Field '{name}' holds '{this[name]}', which is no decimal number.");

    /// <summary>Shows id, data and metadata, for logs and tests.</summary>
    public override string ToString() =>
        $"DataRecord(id = {Id}, data = [{Pairs(Data)}], metadata = [{Pairs(Metadata)}])";

    private static string Pairs(IReadOnlyDictionary<string, string> map) => string.Join(", ", map.Select(pair => $"{pair.Key} -> {pair.Value}"));

    private bool TryGet(string name, out ReadOnlySpan<byte> value)
    {
        var column = _schema.IndexOf(name);
        if (column < 0 || column >= _fields.Length || _fields[column].Kind is FieldKind.Absent)
        {
            value = default;
            return false;
        }

        value = _bytes.AsSpan(_fields[column].Start, _fields[column].Length);
        return true;
    }

    private Dictionary<string, string> BuildData()
    {
        var data = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var column = 0; column < _fields.Length; column++)
        {
            if (column != _hidden && _fields[column].Kind is not (FieldKind.Absent or FieldKind.Unchanged))
            {
                data[_schema.Names[column]] = Encoding.UTF8.GetString(_bytes, _fields[column].Start, _fields[column].Length);
            }
        }

        return data;
    }
}
