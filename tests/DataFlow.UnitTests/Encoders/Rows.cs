using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DataFlow.UnitTests.Encoders;

/// <summary>Makes batches by hand.</summary>
internal static class Rows
{
    public static RecordBatch Of(RecordSchema schema, params IEnumerable<(string Text, FieldKind Kind)[]> rows) =>
        Of(BatchPool.Shared, schema, rows);

    public static RecordBatch Of(BatchPool pool, RecordSchema schema, IEnumerable<(string Text, FieldKind Kind)[]> rows)
    {
        var batch = pool.Rent(256);
        batch.Begin(schema, 4);
        batch.Identity = new RecordIdentity("test", "rows");
        foreach (var row in rows)
        {
            var start = batch.Length;
            var fields = row.Select(value => Field(batch, value.Text, value.Kind)).ToArray();
            fields.CopyTo(batch.AddRow(start, batch.Length - start));
        }

        return batch;
    }

    public static RecordBatch Texts(string[] names, params IEnumerable<string[]> rows) =>
        Of(new RecordSchema(names), rows.Select(row => row.Select(text => (text, FieldKind.Text)).ToArray()));

    /// <summary>As a JSON reader leaves it: one object per line, values as they stand.</summary>
    public static RecordBatch Json(params string[] lines)
    {
        var batch = BatchPool.Shared.Rent(256);
        batch.Identity = new RecordIdentity("test", "json");
        var names = lines.SelectMany(line => Parse(line).Select(pair => pair.Key)).Distinct().ToList();
        batch.Begin(new RecordSchema(names), lines.Length);
        batch.RowsAreJsonObjects = true;
        foreach (var line in lines)
        {
            var fields = batch.AddRow(batch.Append(Encoding.UTF8.GetBytes(line)), Encoding.UTF8.GetByteCount(line));
            batch.Append("\n"u8);
            foreach (var (name, value) in Parse(line))
            {
                fields[names.IndexOf(name)] = Value(batch, value);
            }

            var order = Parse(line).Select(pair => names.IndexOf(pair.Key)).ToArray();
            if (!order.SequenceEqual(order.Order()))
            {
                batch.SetRowOrder(batch.RowCount - 1, order);
            }
        }

        return batch;
    }

    public static string Encode(IBatchEncoder encoder, RecordBatch batch)
    {
        using var encoded = encoder.Encode(batch);
        return Encoding.UTF8.GetString(encoded.Bytes.Span);
    }

    /// <summary>Bytes that encoding allocates: the least of several times, because the pool's own queues grow now and then.</summary>
    public static long AllocationOf(IBatchEncoder encoder, RecordBatch batch) => Enumerable.Range(0, 10).Min(_ =>
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        encoder.Encode(batch).Dispose();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    });

    private static JsonObject Parse(string line) => JsonNode.Parse(line)!.AsObject();

    private static FieldRef Field(RecordBatch batch, string text, FieldKind kind)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return new FieldRef(batch.Append(bytes), bytes.Length, kind);
    }

    private static FieldRef Value(RecordBatch batch, JsonNode? value)
    {
        if (value is null)
        {
            return FieldRef.Null;
        }

        var token = value.ToJsonString();
        return value.GetValueKind() is not JsonValueKind.String ? Overlay(batch, token, FieldKind.JsonRaw)
            : Overlay(batch, token[1..^1], token.Contains('\\') ? FieldKind.JsonStringEscaped : FieldKind.JsonString);
    }

    private static FieldRef Overlay(RecordBatch batch, string text, FieldKind kind) => batch.AddOverlay(Encoding.UTF8.GetBytes(text), kind);
}
