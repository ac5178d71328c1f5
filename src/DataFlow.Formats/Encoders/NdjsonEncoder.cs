namespace DataFlow.Formats;

/// <summary>
/// Writes each record as one JSON object per line. Rows that are JSON already are copied as they were read; otherwise numbers,
/// booleans and nested values keep their exact token, text keeps its UTF-8 with as few escapes as JSON allows, null stays null
/// and absent fields are left out. Thread-safe.
/// </summary>
/// <param name="pool">Where the buffers come from.</param>
/// <param name="envelope">Write <c>{"id":..,"data":{..},"metadata":{..}}</c> instead of the fields alone.</param>
public sealed class NdjsonEncoder(BatchPool pool, bool envelope = false) : IBatchEncoder
{
    private NdjsonLayout _layout = new(RecordSchema.Empty);

    /// <inheritdoc/>
    public unsafe EncodedBatch Encode(RecordBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var layout = LayoutOf(batch.Schema);
        var output = new EncodedBatch(pool);
        fixed (byte* data = batch.Data, overlay = batch.Overlay)
        fixed (FieldRef* refs = batch.Refs, constants = batch.Constants)
        fixed (int* projection = batch.Projection)
        {
            var rows = new NdjsonRowWriter(batch, layout, data, overlay, refs, projection, constants);
            if (envelope)
            {
                var envelopes = new EnvelopeRowWriter(batch, rows, data, overlay);
                var estimate = RowWriter.Estimate(batch, batch.Count, layout.KeyBytes + 64 + envelopes.MetadataBytes);
                RowWriter.WriteRows(batch, 0, batch.Count, output, estimate, ref envelopes);
            }
            else if (batch.RowsAreJsonObjects && !batch.IsProjected)
            {
                CopyRows(batch, output, layout, ref rows);
            }
            else
            {
                RowWriter.WriteRows(batch, 0, batch.Count, output, RowWriter.Estimate(batch, batch.Count, layout.KeyBytes + 8), ref rows);
            }
        }

        return output;
    }

    private static void CopyRows(RecordBatch batch, EncodedBatch output, NdjsonLayout layout, ref NdjsonRowWriter rows)
    {
        output.Reserve(RowWriter.Estimate(batch, batch.Count, 1));
        var index = 0;
        while (index < batch.Count)
        {
            var from = index++;
            var isRaw = batch.IsRowRaw(batch.RowAt(from));
            while (index < batch.Count && batch.IsRowRaw(batch.RowAt(index)) == isRaw && (!isRaw || IsNextLine(batch, index)))
            {
                index++;
            }

            if (isRaw)
            {
                CopyLines(batch, from, index, output);
            }
            else
            {
                RowWriter.WriteRows(batch, from, index, output, RowWriter.Estimate(batch, index - from, layout.KeyBytes + 8), ref rows);
            }
        }
    }

    /// <summary>True when a visible row follows the one before it in the buffer with nothing but a line feed between them.</summary>
    private static bool IsNextLine(RecordBatch batch, int index)
    {
        var row = batch.RowAt(index);
        var before = batch.RowAt(index - 1);
        var end = batch.RowStarts[before] + batch.RowLengths[before];
        return batch.RowStarts[row] == end + 1 && batch.Data[end] == '\n';
    }

    private static void CopyLines(RecordBatch batch, int from, int to, EncodedBatch output)
    {
        var start = batch.RowStarts[batch.RowAt(from)];
        var last = batch.RowAt(to - 1);
        var lines = batch.Data.AsSpan(start, batch.RowStarts[last] + batch.RowLengths[last] - start);
        var room = output.Reserve(lines.Length + to - from);
        if (lines.Count((byte)'\n') == to - from - 1)
        {
            lines.CopyTo(room);
            room[lines.Length] = (byte)'\n';
            output.Advance(lines.Length + 1);
        }
        else
        {
            output.Advance(CopyOnOneLineEach(batch, from, to, room));
        }

        output.Rows += to - from;
    }

    private static unsafe int CopyOnOneLineEach(RecordBatch batch, int from, int to, Span<byte> room)
    {
        fixed (byte* data = batch.Data, output = room)
        {
            var at = output;
            for (var index = from; index < to; index++)
            {
                var row = batch.RowAt(index);
                at = JsonText.CopyOnOneLine(data + batch.RowStarts[row], batch.RowLengths[row], at);
                *at++ = (byte)'\n';
            }

            return (int)(at - output);
        }
    }

    private NdjsonLayout LayoutOf(RecordSchema schema)
    {
        var layout = Volatile.Read(ref _layout);
        if (!ReferenceEquals(layout.Schema, schema))
        {
            layout = new NdjsonLayout(schema);
            Volatile.Write(ref _layout, layout);
        }

        return layout;
    }
}
