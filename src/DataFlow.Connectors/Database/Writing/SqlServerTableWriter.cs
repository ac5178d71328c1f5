using System.Data;
using System.Data.Common;
using Microsoft.Data.SqlClient;

namespace DataFlow.Connectors;

/// <summary>
/// Writes by SqlBulkCopy into a temporary table of the connection, and from there by statements that refuse what doesn't fit.
/// Texts become values of the columns' types here, so that one that is none is known before the server ends the transaction for it.
/// </summary>
internal sealed class SqlServerTableWriter(WriteTarget target) : ITableWriter
{
    private const string RowNumber = "dataflow_row";

    private readonly InsertTableWriter _insert = new(target, SqlServerDialect.Instance);

    public async Task WriteAsync(RowRun run, ReadOnlyMemory<int> rows, DbTransaction transaction, CancellationToken ct)
    {
        if (target.IsUpdate(run))
        {
            await _insert.WriteAsync(run, rows, transaction, ct).ConfigureAwait(false);
            return;
        }

        var statements = new SqlServerStatements(target, run);
        using var values = ValuesOf(run, rows.Span);
        await target.Connection.ExecuteAsync(statements.CreateTemporary, ct, transaction).ConfigureAwait(false);
        using (var copy = new SqlBulkCopy((SqlConnection)target.Connection, SqlBulkCopyOptions.Default, (SqlTransaction)transaction))
        {
            copy.DestinationTableName = SqlServerStatements.Temporary;
            foreach (DataColumn column in values.Columns)
            {
                copy.ColumnMappings.Add(column.ColumnName, column.ColumnName);
            }

            await copy.WriteToServerAsync(values, ct).ConfigureAwait(false);
        }

        await target.Connection.ExecuteAsync(statements.Apply, ct, transaction).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private DataTable ValuesOf(RowRun run, ReadOnlySpan<int> rows)
    {
        var values = new DataTable();
        foreach (var column in run.Columns)
        {
            values.Columns.Add(target.Table.Columns[column].ColumnName, SqlServerValue.TypeOf(target.Table.Columns[column]));
        }

        values.Columns.Add(RowNumber, typeof(long));
        for (var index = 0; index < rows.Length; index++)
        {
            var row = values.NewRow();
            for (var field = 0; field < run.Fields.Length; field++)
            {
                row[field] = target.TryText(run.Batch, rows[index], run.Fields[field], run.Columns[field], out var text)
                    ? SqlServerValue.Of(text, run.Batch.Field(rows[index], run.Fields[field]).Kind, target.Table.Columns[run.Columns[field]])
                    : DBNull.Value;
            }

            row[run.Fields.Length] = (long)index;
            values.Rows.Add(row);
        }

        return values;
    }
}
