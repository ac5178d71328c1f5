using System.Data.Common;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace DataFlow.Connectors;

/// <summary>
/// Writes by prepared statements below the ADO.NET provider: the text of a value goes into SQLite as it stands in the batch.
/// </summary>
internal sealed class SqliteTableWriter(WriteTarget target) : ITableWriter
{
    private readonly Dictionary<string, sqlite3_stmt> _statements = [];

    private sqlite3 Database => ((SqliteConnection)target.Connection).Handle!;

    public Task WriteAsync(RowRun run, ReadOnlyMemory<int> rows, DbTransaction transaction, CancellationToken ct)
    {
        var statement = Prepare(TableStatements.Of(SqliteDialect.Instance, target, run, rows: 1));
        var isUpdate = target.IsUpdate(run);
        foreach (var row in rows.Span)
        {
            for (var field = 0; field < run.Fields.Length; field++)
            {
                Bind(statement, field + 1, run, row, field);
            }

            for (var column = 0; column < run.FormerKey?.Count; column++)
            {
                raw.sqlite3_bind_text(statement, run.Fields.Length + column + 1, run.FormerKey[column]);
            }

            var result = raw.sqlite3_step(statement);
            raw.sqlite3_reset(statement);
            if (result != raw.SQLITE_DONE)
            {
                throw Failure(result);
            }

            if (isUpdate && raw.sqlite3_changes(Database) == 0)
            {
                throw target.NoRow();
            }
        }

        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        foreach (var statement in _statements.Values)
        {
            statement.Dispose();
        }

        _statements.Clear();
        return ValueTask.CompletedTask;
    }

    private void Bind(sqlite3_stmt statement, int index, RowRun run, int row, int field)
    {
        var (visible, column) = (run.Fields[field], run.Columns[field]);
        if (!target.TryText(run.Batch, row, visible, column, out var text))
        {
            raw.sqlite3_bind_null(statement, index);
            return;
        }

        if (run.Batch.Schema.TypeOf(visible) == FieldType.Bool && (text.SequenceEqual("true"u8) || text.SequenceEqual("false"u8)))
        {
            raw.sqlite3_bind_int(statement, index, text[0] == 't' ? 1 : 0);
        }
        else if (target.IsBytes(run.Batch, visible, column)
            && TableStatements.BytesOf(run.Batch.Field(row, visible).Kind, text) is { } bytes)
        {
            raw.sqlite3_bind_blob(statement, index, bytes);
        }
        else
        {
            raw.sqlite3_bind_text(statement, index, text);
        }
    }

    private SqliteException Failure(int result) =>
        new(raw.sqlite3_errmsg(Database).utf8_to_string(), result & 0xFF, raw.sqlite3_extended_errcode(Database));

    private sqlite3_stmt Prepare(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            var result = raw.sqlite3_prepare_v2(Database, sql, out statement);
            if (result != raw.SQLITE_OK)
            {
                throw Failure(result);
            }

            _statements[sql] = statement;
        }

        return statement;
    }
}
