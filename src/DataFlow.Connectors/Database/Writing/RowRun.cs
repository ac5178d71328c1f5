namespace DataFlow.Connectors;

/// <summary>Rows of a batch that follow each other and are written by one statement: to the same columns, in the same way.</summary>
/// <param name="Batch">The batch; stays its owner's.</param>
/// <param name="Rows">Physical rows, in order.</param>
/// <param name="Fields">The visible columns of the batch that are written.</param>
/// <param name="Columns">The table's column for each of them.</param>
/// <param name="IsDelete">True when the rows are to be removed: only the key is written then.</param>
/// <param name="IsPartial">
/// True when some values did not change and were not sent: a row that is there gets the others, but none can be made of them. The
/// key comes last then.
/// </param>
/// <param name="FormerKey">
/// For a single partial row that has got another key: the values of the key under which it is still to be found, else null.
/// </param>
internal sealed record RowRun(
    RecordBatch Batch, ReadOnlyMemory<int> Rows, int[] Fields, int[] Columns, bool IsDelete, bool IsPartial,
    IReadOnlyList<string>? FormerKey = null)
{
    /// <summary>Cuts a batch into runs.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="columns">The table's column of each visible column; -1 for those that are left out.</param>
    /// <param name="target">The table.</param>
    public static IEnumerable<RowRun> Of(RecordBatch batch, int[] columns, WriteTarget target)
    {
        var rows = new int[batch.Count];
        var from = 0;
        Kind kind = default;
        for (var index = 0; index < rows.Length; index++)
        {
            var row = rows[index] = batch.RowAt(index);
            var unchanged = UnchangedOf(batch, row, columns.Length);
            var its = new Kind(
                batch.OperationOf(row) == RecordOperation.Delete, unchanged, unchanged == 0 ? null : RowKey.FormerOf(batch, row, target));
            if (index > from && its != kind)
            {
                yield return Run(batch, rows.AsMemory(from..index), columns, target.Key, kind);
                from = index;
            }

            kind = its;
        }

        if (rows.Length > from)
        {
            yield return Run(batch, rows.AsMemory(from), columns, target.Key, kind);
        }
    }

    private static RowRun Run(RecordBatch batch, ReadOnlyMemory<int> rows, int[] columns, int[] key, Kind kind)
    {
        var fields = Enumerable.Range(0, columns.Length).Where(field =>
            columns[field] >= 0
            && (kind.IsDelete
                ? key.Contains(columns[field])
                : (kind.Unchanged >> Math.Min(field, 127) & 1) == 0 && IsPresent(batch, rows, field)));
        var isPartial = !kind.IsDelete && kind.Unchanged != 0;
        int[] ordered = [.. isPartial ? fields.OrderBy(field => key.Contains(columns[field])) : fields];
        return new RowRun(batch, rows, ordered, [.. ordered.Select(field => columns[field])], kind.IsDelete, isPartial, isPartial ? kind.FormerKey : null);
    }

    /// <summary>A field that no row of the run has is left to the column's default.</summary>
    private static bool IsPresent(RecordBatch batch, ReadOnlyMemory<int> rows, int field)
    {
        foreach (var row in rows.Span)
        {
            if (batch.Field(row, field).Kind != FieldKind.Absent)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A bit for each column that did not change and was not sent. Beyond 127 columns they share the last bit.</summary>
    private static UInt128 UnchangedOf(RecordBatch batch, int row, int columns)
    {
        UInt128 bits = 0;
        for (var column = 0; column < columns; column++)
        {
            if (batch.Field(row, column).Kind == FieldKind.Unchanged)
            {
                bits |= UInt128.One << Math.Min(column, 127);
            }
        }

        return bits;
    }

    /// <summary>What rows of one run have in common. A list is only equal to itself, so that a row with a former key is alone.</summary>
    private readonly record struct Kind(bool IsDelete, UInt128 Unchanged, IReadOnlyList<string>? FormerKey);
}
