using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>
/// Sees that a record names the row that it changes or removes. Without a value in the key one database would add it each time anew,
/// another would take several such records for one, and a removal would remove nothing.
/// </summary>
internal static class RowKey
{
    /// <summary>The rows of a run that have a key; the others are refused. All where no key is needed.</summary>
    public static ReadOnlyMemory<int> Of(WriteTarget target, RowRun run, List<RefusedRow> refused)
    {
        if (!run.IsDelete && target.Options.Write == TableWrite.Insert)
        {
            return run.Rows;
        }

        List<int>? named = null;
        for (var index = 0; index < run.Rows.Length; index++)
        {
            var row = run.Rows.Span[index];
            var without = MissingIn(target, run, row);
            if (without >= 0)
            {
                named ??= [.. run.Rows.Span[..index]];
                refused.Add(new RefusedRow(
                    row,
                    RefusalReason.Key,
                    $"The record has no value for {target.Table.Columns[without].ColumnName} (key), so that it can't be told which row of "
                        + $"{target.Options.Table} it {(run.IsDelete ? "removes" : "is")}."));
            }
            else
            {
                named?.Add(row);
            }
        }

        return named is null ? run.Rows : named.ToArray();
    }

    /// <summary>The key that a row had before its change, as the record's metadata tell; null when it had none other.</summary>
    public static IReadOnlyList<string>? FormerOf(RecordBatch batch, int row, WriteTarget target)
    {
        var index = batch.Metadata.IndexOf("before");
        if (index < 0 || batch.Metadata.TextOf(index, row) is not { } before)
        {
            return null;
        }

        using var document = JsonDocument.Parse(before);
        var values = document.RootElement.EnumerateObject().ToDictionary(
            value => value.Name, value => value.Value.GetString(), StringComparer.OrdinalIgnoreCase);
        List<string> key = [];
        foreach (var column in target.Key)
        {
            if (values.GetValueOrDefault(target.Table.Columns[column].ColumnName) is not { } value)
            {
                return null;
            }

            key.Add(value);
        }

        return key;
    }

    /// <summary>The first column of the key without a value in a row; -1 when all have one.</summary>
    private static int MissingIn(WriteTarget target, RowRun run, int row)
    {
        foreach (var column in target.Key)
        {
            var field = Array.IndexOf(run.Columns, column);
            if (field < 0 || !target.TryText(run.Batch, row, run.Fields[field], column, out _))
            {
                return column;
            }
        }

        return -1;
    }
}
