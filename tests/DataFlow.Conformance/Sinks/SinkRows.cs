using System.Text;

namespace DataFlow.Conformance;

/// <summary>Batches of numbered rows with the fields <c>n</c> and <c>text</c>, as the sink suite writes them.</summary>
public static class SinkRows
{
    private static readonly RecordSchema Schema = new([("n", FieldType.Int64), ("text", FieldType.Text)]);

    /// <summary>A batch of rows with these numbers; the text is what trips careless writers: quotes, commas, letters beyond ASCII.</summary>
    public static RecordBatch Of(BatchPool pool, params IEnumerable<long> numbers)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(numbers);
        var batch = pool.Rent(1024);
        batch.Identity = new RecordIdentity("conformance", "rows");
        batch.Begin(Schema, 16);
        foreach (var number in numbers)
        {
            Add(batch, number.ToString(), $"row {number}, \"quoted\", ä€😀");
        }

        return batch;
    }

    /// <summary>Adds a row.</summary>
    /// <param name="batch">A batch made by <see cref="Of"/>.</param>
    /// <param name="number">The field <c>n</c>.</param>
    /// <param name="text">The field <c>text</c>; null is a null.</param>
    public static void Add(RecordBatch batch, string number, string? text)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var start = batch.Length;
        var n = Field(batch, number);
        var field = text is null ? FieldRef.Null : Field(batch, text);
        var row = batch.AddRow(start, batch.Length - start, batch.RowCount);
        row[0] = n;
        row[1] = field;
    }

    private static FieldRef Field(RecordBatch batch, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return new FieldRef(batch.Append(bytes), bytes.Length, FieldKind.Text);
    }
}
