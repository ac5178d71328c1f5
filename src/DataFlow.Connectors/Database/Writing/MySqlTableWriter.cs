using System.Data.Common;
using System.Runtime.InteropServices;
using MySqlConnector;

namespace DataFlow.Connectors;

/// <summary>
/// Writes by LOAD DATA LOCAL from memory, where the server allows it. The server would rather change or leave out a value than refuse
/// it: when it has warned, what it loaded is taken back, and INSERT decides, which refuses.
/// </summary>
internal sealed class MySqlTableWriter(WriteTarget target, BatchPool pool) : ITableWriter
{
    private readonly TabText _lines = new(target, pool, boolsAsDigits: true);
    private readonly InsertTableWriter _insert = new(target, MySqlDialect.Instance);
    private readonly Dictionary<string, string> _temporary = [];
    private bool? _canLoad;

    private MySqlConnection Connection => (MySqlConnection)target.Connection;

    public async Task WriteAsync(RowRun run, ReadOnlyMemory<int> rows, DbTransaction transaction, CancellationToken ct)
    {
        if (run.IsDelete || target.IsUpdate(run) || HasBytes(run) || !target.Options.EmptyAsNull
            || !(_canLoad ??= await CanLoadAsync(transaction, ct).ConfigureAwait(false))
            || !await TryLoadAsync(run, rows, transaction, ct).ConfigureAwait(false))
        {
            await _insert.WriteAsync(run, rows, transaction, ct).ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<bool> CanLoadAsync(DbTransaction transaction, CancellationToken ct)
    {
        if (!new MySqlConnectionStringBuilder(Connection.ConnectionString).AllowLoadLocalInfile)
        {
            return false;
        }

        var allowed = await Connection.ScalarAsync(
            "SELECT @@local_infile AND @@sql_mode NOT LIKE '%NO_BACKSLASH_ESCAPES%'", ct, transaction).ConfigureAwait(false);
        return Convert.ToInt64(allowed, System.Globalization.CultureInfo.InvariantCulture) == 1;
    }

    private async Task<bool> TryLoadAsync(RowRun run, ReadOnlyMemory<int> rows, DbTransaction transaction, CancellationToken ct)
    {
        var before = new Savepoint(transaction, "dataflow_load");
        await before.SaveAsync(ct).ConfigureAwait(false);
        var isLoaded = target.Options.Write == TableWrite.Insert
            ? await LoadAsync(target.Table.Quoted, run, rows, numbered: false, transaction, ct).ConfigureAwait(false)
            : await UpsertAsync(run, rows, transaction, ct).ConfigureAwait(false);
        if (!isLoaded)
        {
            await before.RollBackAsync(ct).ConfigureAwait(false);
        }

        return isLoaded;
    }

    private async Task<bool> UpsertAsync(RowRun run, ReadOnlyMemory<int> rows, DbTransaction transaction, CancellationToken ct)
    {
        var temporary = await EmptyTemporaryAsync(run, transaction, ct).ConfigureAwait(false);
        if (!await LoadAsync(temporary, run, rows, numbered: true, transaction, ct).ConfigureAwait(false))
        {
            return false;
        }

        // In the order of the rows: the last of several with one key stands.
        var names = string.Join(", ", Names(run));
        await Connection.ExecuteAsync(
            $"INSERT INTO {target.Table.Quoted} ({names}) SELECT {names} FROM {temporary} ORDER BY dataflow_row"
                + TableStatements.OnDuplicateKey(target, run),
            ct, transaction).ConfigureAwait(false);
        return true;
    }

    /// <summary>False when a value would have been changed or a row left out.</summary>
    private async Task<bool> LoadAsync(
        string table, RowRun run, ReadOnlyMemory<int> rows, bool numbered, DbTransaction transaction, CancellationToken ct)
    {
        using var lines = _lines.Encode(run, rows.Span, numbered);
        using var stream = StreamOf(lines.Bytes);
        var loader = new MySqlBulkLoader(Connection)
        {
            TableName = table,
            SourceStream = stream,
            CharacterSet = "utf8mb4",
            FieldTerminator = "\t",
            LineTerminator = "\n",
            EscapeCharacter = '\\',
            Timeout = 0,
        };
        loader.Columns.AddRange(numbered ? Names(run).Append("dataflow_row") : Names(run));
        var loaded = await loader.LoadAsync(ct).ConfigureAwait(false);
        var warnings = await Connection.ScalarAsync("SELECT @@warning_count", ct, transaction).ConfigureAwait(false);
        return loaded == rows.Length && Convert.ToInt64(warnings, System.Globalization.CultureInfo.InvariantCulture) == 0;
    }

    private static MemoryStream StreamOf(ReadOnlyMemory<byte> bytes) => MemoryMarshal.TryGetArray(bytes, out var array)
        ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
        : new MemoryStream(bytes.ToArray(), writable: false);

    private async Task<string> EmptyTemporaryAsync(RowRun run, DbTransaction transaction, CancellationToken ct)
    {
        var columns = string.Join(", ", Names(run));
        if (_temporary.TryGetValue(columns, out var name))
        {
            await Connection.ExecuteAsync($"DELETE FROM {name}", ct, transaction).ConfigureAwait(false);
            return name;
        }

        // A writer of before the table had another column may have left one of the name.
        name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"dataflow_batch_{_temporary.Count}");
        await Connection.ExecuteAsync(
            $"DROP TEMPORARY TABLE IF EXISTS {name}; CREATE TEMPORARY TABLE {name} ENGINE=InnoDB AS SELECT {columns}, 0 AS dataflow_row FROM {target.Table.Quoted} WHERE 1 = 0",
            ct, transaction).ConfigureAwait(false);
        return _temporary[columns] = name;
    }

    /// <summary>Bytes have no form in lines of text.</summary>
    private bool HasBytes(RowRun run)
    {
        for (var field = 0; field < run.Fields.Length; field++)
        {
            if (target.IsBytes(run.Batch, run.Fields[field], run.Columns[field])
                || target.Table.Formats[run.Columns[field]] == ColumnFormat.Bits)
            {
                return true;
            }
        }

        return false;
    }

    private IEnumerable<string> Names(RowRun run) =>
        run.Columns.Select(column => MySqlDialect.Instance.Quote(target.Table.Columns[column].ColumnName));
}
