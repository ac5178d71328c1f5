using System.Text;
using System.Text.Json;
using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>A value inside records, by its path. Immutable, thread-safe.</summary>
internal sealed class ApiRecordValue
{
    private readonly JsonPath _path;
    private readonly string? _column;
    private readonly JsonPath? _inColumn;

    public ApiRecordValue(string path)
    {
        _path = JsonPath.Parse(path);
        (_column, _inColumn) = _path.SplitFirst();
    }

    /// <summary>The text of the value in a row of a batch without projections; null when the row has none.</summary>
    public string? Of(RecordBatch batch, int row)
    {
        var column = _column is null ? -1 : batch.PhysicalSchema.IndexOf(_column);
        if (column < 0 || batch.Field(row, column) is { Kind: FieldKind.Null or FieldKind.Absent })
        {
            return null;
        }

        if (_inColumn is null)
        {
            return Encoding.UTF8.GetString(batch.Utf8(row, column));
        }

        return batch.Field(row, column).Kind == FieldKind.JsonRaw
            && _inColumn.Find(batch.Raw(batch.Field(row, column)), out var type) is { } text
            && type is not JsonTokenType.Null
            ? text
            : null;
    }
}
