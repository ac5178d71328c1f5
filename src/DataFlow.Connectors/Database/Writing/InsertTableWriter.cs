using System.Data.Common;
using System.Globalization;
using System.Text;

namespace DataFlow.Connectors;

/// <summary>Writes by INSERT with many rows each, through any ADO.NET provider.</summary>
internal sealed class InsertTableWriter(WriteTarget target, Dialect dialect) : ITableWriter
{
    private const int MostRows = 500;
    private const int MostParameters = 2000;

    public async Task WriteAsync(RowRun run, ReadOnlyMemory<int> rows, DbTransaction transaction, CancellationToken ct)
    {
        var isUpdate = target.IsUpdate(run);
        var step = isUpdate ? 1 : Math.Clamp(MostParameters / Math.Max(1, run.Fields.Length), 1, MostRows);
        for (var from = 0; from < rows.Length; from += step)
        {
            var some = rows.Slice(from, Math.Min(step, rows.Length - from));
            var command = Command(run, some, transaction);
            await using (command.ConfigureAwait(false))
            {
                var touched = await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
                if (isUpdate && touched == 0)
                {
                    throw target.NoRow();
                }
            }
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private DbCommand Command(RowRun run, ReadOnlyMemory<int> rows, DbTransaction transaction)
    {
        var command = target.Connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = TableStatements.Of(dialect, target, run, rows.Length);
        void Add(object value)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = dialect.ParameterName(command.Parameters.Count + 1);
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }

        foreach (var row in rows.Span)
        {
            for (var field = 0; field < run.Fields.Length; field++)
            {
                Add(ValueOf(run, row, run.Fields[field], run.Columns[field]));
            }
        }

        foreach (var value in run.FormerKey ?? [])
        {
            Add(value);
        }

        return command;
    }

    private object ValueOf(RowRun run, int row, int field, int column)
    {
        if (!target.TryText(run.Batch, row, field, column, out var text))
        {
            return DBNull.Value;
        }

        if (target.IsBool(run.Batch, field, column) && (text.SequenceEqual("true"u8) || text.SequenceEqual("false"u8)))
        {
            return text[0] == 't';
        }

        if (target.IsBytes(run.Batch, field, column) && TableStatements.BytesOf(run.Batch.Field(row, field).Kind, text) is { } bytes)
        {
            return bytes;
        }

        if (target.Table.Formats[column] != ColumnFormat.Bits)
        {
            return Encoding.UTF8.GetString(text);
        }

        // As a text it would be taken for the bytes of its letters.
        return ulong.TryParse(text, CultureInfo.InvariantCulture, out var bits)
            ? bits
            : throw RefusedRowException.OfValue(text, target.Table.Columns[column]);
    }
}
