using System.Text;

namespace DataFlow.UnitTests.Transforms;

/// <summary>Builds small batches cell by cell and reads them back.</summary>
internal static class Batches
{
    /// <summary>A cell that the record does not have.</summary>
    public static readonly Cell Absent = new("", FieldKind.Absent);

    /// <summary>A JSON number, boolean, object or array.</summary>
    public static Cell Raw(string token) => new(token, FieldKind.JsonRaw);

    /// <summary>The inside of a JSON string with escapes.</summary>
    public static Cell Escaped(string inside) => new(inside, FieldKind.JsonStringEscaped);

    /// <summary>The inside of a quoted CSV field with doubled quotes.</summary>
    public static Cell Doubled(string inside) => new(inside, FieldKind.CsvDoubled);

    /// <summary>A batch of rows; a cell is a text, null, or made by one of the other methods.</summary>
    public static RecordBatch Of(BatchPool pool, string[] names, params object?[][] rows) => Of(pool, new RecordSchema(names), rows);

    /// <summary>A batch of rows with a schema that is given.</summary>
    public static RecordBatch Of(BatchPool pool, RecordSchema schema, params object?[][] rows)
    {
        var batch = pool.Rent(4096);
        batch.Identity = new RecordIdentity("batches", "rows");
        batch.Begin(schema, rows.Length);
        foreach (var row in rows)
        {
            var start = batch.Length;
            var fields = row.Select(cell => Append(batch, cell)).ToArray();
            fields.CopyTo(batch.AddRow(start, batch.Length - start, batch.RowCount));
        }

        return batch;
    }

    /// <summary>The visible rows as <c>name=value</c> pairs in each row's own order; absent fields are left out.</summary>
    public static string[] Show(RecordBatch batch) => [.. Enumerable.Range(0, batch.Count).Select(index => Show(batch, batch.RowAt(index)))];

    private static string Show(RecordBatch batch, int row) => string.Join(
        ' ',
        (batch.VisibleOrderOf(row) ?? Enumerable.Range(0, batch.Schema.Count))
        .Where(column => batch.Field(row, column).Kind != FieldKind.Absent)
        .Select(column => $"{batch.Schema.Names[column]}={ValueOf(batch, row, column)}"));

    private static string ValueOf(RecordBatch batch, int row, int column) =>
        batch.Field(row, column).Kind == FieldKind.Null ? "NULL" : Encoding.UTF8.GetString(batch.Utf8(row, column));

    private static FieldRef Append(RecordBatch batch, object? value)
    {
        var cell = value switch
        {
            null => new Cell("", FieldKind.Null),
            string text => new Cell(text, FieldKind.Text),
            _ => (Cell)value,
        };
        var bytes = Encoding.UTF8.GetBytes(cell.Text);
        return new FieldRef(batch.Append(bytes), bytes.Length, cell.Kind);
    }

    internal sealed record Cell(string Text, FieldKind Kind);
}
