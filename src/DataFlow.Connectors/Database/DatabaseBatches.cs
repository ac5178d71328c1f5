using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace DataFlow.Connectors;

/// <summary>Begins batches of rows and names their records.</summary>
internal sealed class DatabaseBatches(SourceContext context, DatabaseAddress address, string split)
{
    private const int MostCells = RecordBatch.MaxCells;

    private static readonly byte[] SourceName = [.. "database"u8];
    private static readonly byte[] FormatName = [.. "sql"u8];

    private int _mostRows;

    /// <summary>An empty batch for rows of a shape.</summary>
    public RecordBatch Begin(QueryShape shape)
    {
        var batch = context.Pool.Rent(Math.Min(context.BatchBytes, 64 << 10));
        _mostRows = Math.Clamp(context.BatchSize, 1, Math.Max(1, MostCells / shape.Schema.Count));
        batch.Begin(shape.Schema, Math.Min(_mostRows, 1024));
        batch.IdColumn = shape.IdColumn;
        batch.LetterOutsideData = DatabaseDeadLetter.Write;
        batch.Identity = new RecordIdentity(address.Display, split);
        batch.Metadata.Set("source", SourceName)
            .Set("source_id", context.SourceId)
            .Set("jdbc_url", address.Display)
            .Set("format", FormatName)
            .Set("timestamp", context.Time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        return batch;
    }

    /// <summary>True when a batch should take no more rows.</summary>
    public bool IsFull(RecordBatch batch) => batch.RowCount >= _mostRows || batch.Length >= context.BatchBytes;

    /// <summary>
    /// Names the last row of a scan in no order. By number and values: a scan that is made again may give another row the same
    /// number, and whoever leaves out what came twice would leave it out.
    /// </summary>
    public static UInt128 NameOfLast(RecordBatch batch, long number) => HashLast(batch, cursor: -1, []) + (ulong)number;

    /// <summary>Names the last row by its key and its cursor, or by all its values.</summary>
    public static UInt128 HashLast(RecordBatch batch, int cursor, int[] key)
    {
        var row = batch.RowCount - 1;
        if (key.Length > 0)
        {
            var hash = cursor >= 0 ? XxHash128.HashToUInt128(batch.Utf8(row, cursor)) : UInt128.Zero;
            foreach (var column in key)
            {
                hash = XxHash128.HashToUInt128(batch.Utf8(row, column), (long)(ulong)hash) ^ (hash << 1);
            }

            return hash;
        }

        // The lengths too: two rows may have the same bytes, cut differently.
        var all = XxHash128.HashToUInt128(batch.RawRow(row));
        var columns = batch.PhysicalSchema.Count;
        Span<int> lengths = columns <= 128 ? stackalloc int[columns] : new int[columns];
        for (var column = 0; column < columns; column++)
        {
            var field = batch.Field(row, column);
            lengths[column] = field.Kind == FieldKind.Null ? -1 : field.Length;
        }

        return all ^ XxHash128.HashToUInt128(MemoryMarshal.AsBytes(lengths), (long)(ulong)all);
    }
}
