using System.Data.Common;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using Npgsql;

namespace DataFlow.Connectors;

/// <summary>Writes by COPY in text form: inserts into the table itself, upserts and deletes by way of a temporary table.</summary>
internal sealed class PostgreSqlTableWriter(WriteTarget target, BatchPool pool) : ITableWriter
{
    private readonly TabText _lines = new(target, pool, boolsAsDigits: false);

    private NpgsqlConnection Connection => (NpgsqlConnection)target.Connection;

    public async Task WriteAsync(RowRun run, ReadOnlyMemory<int> rows, DbTransaction transaction, CancellationToken ct)
    {
        if (!run.IsDelete && target.Options.Write == TableWrite.Insert)
        {
            await CopyAsync(target.Table.Quoted, run, rows, numbered: false, ct).ConfigureAwait(false);
            return;
        }

        var temporary = await EmptyTemporaryAsync(run, ct).ConfigureAwait(false);
        await CopyAsync(temporary, run, rows, numbered: true, ct).ConfigureAwait(false);
        if (target.IsUpdate(run))
        {
            await UpdateAsync(temporary, run, ct).ConfigureAwait(false);
            return;
        }

        await Connection.ExecuteAsync(run.IsDelete ? Delete(temporary) : Upsert(temporary, run), ct).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>
    /// Named by its columns. It ends with the transaction, and can be lost with a savepoint, so that it is looked for again.
    /// </summary>
    private async Task<string> EmptyTemporaryAsync(RowRun run, CancellationToken ct)
    {
        var columns = Names(run);
        var name = $"dataflow_batch_{XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(columns)).ToString("x16", CultureInfo.InvariantCulture)}";
        await Connection.ExecuteAsync(
            $"CREATE TEMP TABLE IF NOT EXISTS {name} ON COMMIT DROP AS SELECT {columns}, 0::bigint AS dataflow_row "
                + $"FROM {target.Table.Quoted} WITH NO DATA; TRUNCATE pg_temp.{name}",
            ct).ConfigureAwait(false);
        return $"pg_temp.{name}";
    }

    private async Task UpdateAsync(string temporary, RowRun run, CancellationToken ct)
    {
        if (run.FormerKey is { } former)
        {
            var isFormer = string.Join(
                " AND ", target.Key.Select((column, index) => $"t.{Name(column)} = {PostgreSqlDialect.Escaped(former[index])}"));
            if (await UpdateAsync(run.Columns, temporary, isFormer, ct).ConfigureAwait(false) == 0)
            {
                throw target.NoRow();
            }

            return;
        }

        var same = string.Join(" AND ", target.Key.Select(column => $"t.{Name(column)} = d.{Name(column)}"));
        if (await Connection.ScalarAsync(
            $"SELECT EXISTS (SELECT FROM {temporary} d WHERE NOT EXISTS (SELECT FROM {target.Table.Quoted} t WHERE {same}))", ct)
            .ConfigureAwait(false) is true)
        {
            throw target.NoRow();
        }

        int[] values = [.. run.Columns.Except(target.Key)];
        if (values.Length > 0)
        {
            await UpdateAsync(values, $"({Last(temporary, run)})", same, ct).ConfigureAwait(false);
        }
    }

    private Task<int> UpdateAsync(int[] columns, string rows, string condition, CancellationToken ct)
    {
        var values = columns.Select(column => $"{Name(column)} = d.{Name(column)}");
        return Connection.ExecuteAsync($"UPDATE {target.Table.Quoted} t SET {string.Join(", ", values)} FROM {rows} d WHERE {condition}", ct);
    }

    /// <summary>The last of several rows with one key counts, as if they had been written one after the other.</summary>
    private string Upsert(string temporary, RowRun run)
    {
        var key = string.Join(", ", target.Key.Select(Name));
        var others = run.Columns.Where(column => !target.Key.Contains(column)).ToList();
        var change = others.Count == 0
            ? "NOTHING"
            : $"UPDATE SET {string.Join(", ", others.Select(column => $"{Name(column)} = EXCLUDED.{Name(column)}"))}";
        return $"INSERT INTO {target.Table.Quoted} ({Names(run)}) {Last(temporary, run)} ON CONFLICT ({key}) DO {change}";
    }

    private string Last(string temporary, RowRun run)
    {
        var key = string.Join(", ", target.Key.Select(Name));
        return $"SELECT DISTINCT ON ({key}) {Names(run)} FROM {temporary} ORDER BY {key}, dataflow_row DESC";
    }

    private string Delete(string temporary) =>
        $"DELETE FROM {target.Table.Quoted} t USING {temporary} d WHERE "
            + $"{string.Join(" AND ", target.Key.Select(column => $"t.{Name(column)} = d.{Name(column)}"))}";

    private async Task CopyAsync(string table, RowRun run, ReadOnlyMemory<int> rows, bool numbered, CancellationToken ct)
    {
        var copy = await Connection.BeginTextImportAsync(
            $"COPY {table} ({Names(run)}{(numbered ? ", dataflow_row" : "")}) FROM STDIN", ct).ConfigureAwait(false);
        await using (copy.ConfigureAwait(false))
        {
            // The writer encodes texts; below it is the stream, which takes our UTF-8 as it is.
            await _lines.WriteAsync(run, rows, numbered, copy.BaseStream, ct).ConfigureAwait(false);
        }
    }

    private string Names(RowRun run) => string.Join(", ", run.Columns.Select(Name));

    private string Name(int column) => PostgreSqlDialect.Instance.Quote(target.Table.Columns[column].ColumnName);
}
