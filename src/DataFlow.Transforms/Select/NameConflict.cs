namespace DataFlow.Transforms;

/// <summary>
/// Renames a field in a batch that has another one with the new name. Record by record, so that the outcome doesn't depend on
/// which records share a batch: a record with one of the two has it under the new name, a record with both is an error.
/// </summary>
internal static class NameConflict
{
    private const string Reason = "name-taken";

    /// <summary>Moves values from the one column to the other, and takes out records that have both.</summary>
    public static void Resolve(RecordBatch batch, TakenName name)
    {
        var kept = new List<int>(batch.Count);
        for (var index = 0; index < batch.Count; index++)
        {
            var row = batch.RowAt(index);
            if (batch.Field(row, name.From).Kind == FieldKind.Absent)
            {
                kept.Add(row);
            }
            else if (batch.Field(row, name.To).Kind == FieldKind.Absent)
            {
                batch.MoveField(row, name.From, name.To);
                kept.Add(row);
            }
            else
            {
                batch.AddError(ErrorOf(batch, row, name));
            }
        }

        if (kept.Count < batch.Count)
        {
            batch.Select([.. kept]);
        }
    }

    private static RecordError ErrorOf(RecordBatch batch, int row, TakenName name)
    {
        var (from, to) = (batch.Schema.Names[name.From], batch.Schema.Names[name.To]);
        return RefusedRecord.Of(
            batch, row, Reason,
            $"select can't rename '{from}' to '{to}': the record has a field '{to}' already. Drop or rename that one too.");
    }
}
