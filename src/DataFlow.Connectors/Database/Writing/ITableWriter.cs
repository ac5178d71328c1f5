using System.Data.Common;

namespace DataFlow.Connectors;

/// <summary>Writes rows into a table the way its database takes them fastest. Not thread-safe.</summary>
internal interface ITableWriter : IAsyncDisposable
{
    /// <summary>Writes some rows of a run, all or none.</summary>
    /// <param name="run">What.</param>
    /// <param name="rows">Physical rows of the run.</param>
    /// <param name="transaction">The open transaction.</param>
    /// <param name="ct">Gives up waiting.</param>
    /// <exception cref="DbException">The database refused one of them, or failed.</exception>
    Task WriteAsync(RowRun run, ReadOnlyMemory<int> rows, DbTransaction transaction, CancellationToken ct);
}

/// <summary>What a writer needs to know.</summary>
/// <param name="Connection">The connection of the transaction.</param>
/// <param name="Table">The table.</param>
/// <param name="Key">Its columns that name a row.</param>
/// <param name="Options">How to write.</param>
internal sealed record WriteTarget(DbConnection Connection, TargetTable Table, int[] Key, DatabaseSinkOptions Options)
{
    /// <summary>A value as the target should have it: null, or its text.</summary>
    /// <returns>False for null.</returns>
    public bool TryText(RecordBatch batch, int row, int field, int column, out ReadOnlySpan<byte> text)
    {
        var value = batch.Field(row, field);
        switch (value.Kind)
        {
            case FieldKind.Null or FieldKind.Absent or FieldKind.Unchanged:
                text = default;
                return false;
            case FieldKind.Text:
                text = batch.Raw(value);
                break;
            default:
                text = batch.Utf8(row, field);
                break;
        }

        // MySQL would take the text 0 for the year 2000.
        if (text.Length == 1 && text[0] == '0' && Table.Formats[column] == ColumnFormat.MySqlYear)
        {
            text = "0000"u8;
        }

        // 2024-01-01T10:00:00Z
        if (text is [.., (byte)'Z'] && text.Contains((byte)':') && Table.IsInUtc(column))
        {
            text = text[..^1];
        }

        return !text.IsEmpty || !Options.EmptyAsNull || Table.HoldsText(column);
    }

    /// <summary>True for rows that can only change what is there, because they don't bring all values.</summary>
    public bool IsUpdate(RowRun run) => run.IsPartial && Options.Write == TableWrite.Upsert;

    /// <summary>What becomes of a row of such a run when there is nothing to change.</summary>
    public RefusedRowException NoRow() => new(
        RefusalReason.NoRow,
        $"The change brings only the values that have changed, and {Options.Table} has no row with its key. Was the table filled by a snapshot?");

    /// <summary>True where a value that says <c>true</c> or <c>false</c> means just that, by the record's type or the column's.</summary>
    public bool IsBool(RecordBatch batch, int field, int column) =>
        batch.Schema.TypeOf(field) == FieldType.Bool || Table.Formats[column] is ColumnFormat.Bool or ColumnFormat.Bits;

    /// <summary>True where a value that says <c>\x6162</c> means bytes, by the record's type or the column's.</summary>
    public bool IsBytes(RecordBatch batch, int field, int column) =>
        batch.Schema.TypeOf(field) == FieldType.Bytes || Table.Formats[column] == ColumnFormat.Bytes;
}
