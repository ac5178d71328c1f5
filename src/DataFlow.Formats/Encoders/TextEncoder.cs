namespace DataFlow.Formats;

/// <summary>
/// Writes one field of each record as a line. A record that doesn't have it, or whose text has a line break and would become
/// two lines, is refused. Thread-safe.
/// </summary>
/// <param name="pool">Where the buffers come from.</param>
/// <param name="field">The field that makes up the line.</param>
public sealed class TextEncoder(BatchPool pool, string field = "line") : IBatchEncoder
{
    /// <inheritdoc/>
    public EncodedBatch Encode(RecordBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var output = new EncodedBatch(pool);
        output.Reserve(RowWriter.Estimate(batch, batch.Count, 1));
        var column = batch.Schema.IndexOf(field);
        for (var index = 0; index < batch.Count; index++)
        {
            var row = batch.RowAt(index);
            var value = column < 0 ? FieldRef.Absent : batch.Field(row, column);
            if (value.Kind is FieldKind.Absent or FieldKind.Unchanged)
            {
                output.Refuse(row, "no-such-field", $"The record has no field '{field}' to write as a line; name another one in "
                    + "the option field.");
                continue;
            }

            Write(batch, row, value, output);
        }

        return output;
    }

    private void Write(RecordBatch batch, int row, FieldRef value, EncodedBatch output)
    {
        var start = output.Length;
        if (value.Kind is FieldKind.Text or FieldKind.JsonString or FieldKind.JsonRaw)
        {
            output.Append(batch.Raw(value));
        }
        else
        {
            output.Append(FieldText.Decode(batch, value));
        }

        if (output.Bytes.Span[start..].Contains((byte)'\n'))
        {
            output.CutTo(start);
            output.Refuse(row, "line-break", $"The field '{field}' has a line break in it and can't be written as one line; write "
                + "ndjson or csv instead.");
            return;
        }

        output.Append("\n"u8);
        output.Rows++;
    }
}
