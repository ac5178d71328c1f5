using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace DataFlow.Connectors;

/// <summary>Reads rows of SQLite below the ADO.NET provider: text is copied once, from SQLite's memory into the batch.</summary>
internal sealed class SqliteRowReader : IRowReader
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;
    private readonly SqliteValues _values;
    private readonly QueryShape _shape;
    private readonly FieldRef[] _fields;
    private readonly SqliteInterruption _interruption;
    private readonly SqliteTimeout? _timeout;
    private bool _isChecked;

    private SqliteRowReader(sqlite3 database, sqlite3_stmt statement, QueryShape shape, SqliteInterruption interruption, SqliteTimeout? timeout)
    {
        _database = database;
        _statement = statement;
        _values = new SqliteValues(statement);
        _shape = shape;
        _fields = new FieldRef[shape.Formats.Length];
        _interruption = interruption;
        _timeout = timeout;
    }

    /// <summary>Prepares the query; it runs with the first row that is asked for, and breaks off at a stop even between two rows.</summary>
    public static SqliteRowReader Start(
        SqliteConnection connection, SqlText sql, QueryShape shape, QueryLimits limits, CancellationToken stop)
    {
        var database = connection.Handle!;
        var statement = Prepare(database, sql);
        for (var index = 0; index < sql.Values.Count; index++)
        {
            Bind(statement, index + 1, sql.Values[index]);
        }

        return new SqliteRowReader(
            database, statement, shape, SqliteInterruption.Of(connection, stop), SqliteTimeout.Of(database, limits.TimeoutSeconds));
    }

    /// <summary>Compiles a query without values.</summary>
    public static sqlite3_stmt Prepare(sqlite3 database, SqlText sql)
    {
        Check(database, raw.sqlite3_prepare_v2(database, sql.With(index => $"?{index + 1}"), out var statement));
        return statement;
    }

    public ValueTask<bool> ReadAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        _timeout?.Enter();
        var result = raw.sqlite3_step(_statement);
        _timeout?.Leave();
        if (result is not (raw.SQLITE_ROW or raw.SQLITE_DONE))
        {
            ct.ThrowIfCancellationRequested();
            Check(_database, result);
        }

        if (!_isChecked)
        {
            // Where the schema has changed, the first step has compiled the statement anew; from then on it is held.
            _shape.CheckNames(Enumerable.Range(0, raw.sqlite3_column_count(_statement))
                .Select(column => raw.sqlite3_column_name(_statement, column).utf8_to_string()));
            _isChecked = true;
        }

        return ValueTask.FromResult(result == raw.SQLITE_ROW);
    }

    public void AppendTo(RecordBatch batch)
    {
        var row = new RowText(batch, _fields);
        for (var column = 0; column < _fields.Length; column++)
        {
            switch (_values.TypeOf(column))
            {
                case raw.SQLITE_INTEGER:
                    row.Commit(ColumnText.Integer(row.Reserve(ColumnText.Most), _values.Integer(column)));
                    break;
                case raw.SQLITE_FLOAT:
                    row.Commit(ColumnText.Double(row.Reserve(ColumnText.Most), _values.Float(column)));
                    break;
                case raw.SQLITE_TEXT:
                    row.Text(_values.Text(column));
                    break;
                case raw.SQLITE_BLOB:
                    row.Hex(_values.Blob(column));
                    break;
                default:
                    row.Null();
                    break;
            }
        }

        row.End();
    }

    public CursorValue CursorAt(int column) => _values.TypeOf(column) switch
    {
        raw.SQLITE_INTEGER => CursorValue.OfNumber(_values.Integer(column)),
        raw.SQLITE_FLOAT => CursorValue.OfDouble(_values.Float(column)),
        raw.SQLITE_TEXT => CursorValue.OfText(Encoding.UTF8.GetString(_values.Text(column))),
        _ => CursorValue.None,
    };

    public ValueTask CancelAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        _timeout?.Dispose();
        _interruption.Dispose();
        _statement.Dispose();
        return ValueTask.CompletedTask;
    }

    private static void Bind(sqlite3_stmt statement, int index, CursorValue value)
    {
        switch (value.Kind)
        {
            case CursorKind.Number when !value.IsLong && decimal.IsInteger(value.Number) && Math.Abs(value.Number) <= long.MaxValue:
                raw.sqlite3_bind_int64(statement, index, (long)value.Number);
                break;
            case CursorKind.Number:
                raw.sqlite3_bind_double(statement, index, value.ToGauge());
                break;
            default:
                raw.sqlite3_bind_text(statement, index, value.Text);
                break;
        }
    }

    private static void Check(sqlite3 database, int result)
    {
        if (result is not (raw.SQLITE_OK or raw.SQLITE_DONE))
        {
            throw new SqliteException(raw.sqlite3_errmsg(database).utf8_to_string(), result & 0xFF, result);
        }
    }
}
