using System.Data.Common;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace DataFlow.Connectors;

/// <summary>
/// A column as SQLite itself describes it. The provider's own description looks at all rows of the table to guess types, which a poll
/// can't afford.
/// </summary>
internal sealed class SqliteColumn : DbColumn
{
    private SqliteColumn(sqlite3 database, sqlite3_stmt statement, int index)
    {
        ColumnName = raw.sqlite3_column_name(statement, index).utf8_to_string();
        ColumnOrdinal = index;
        DataTypeName = raw.sqlite3_column_decltype(statement, index).utf8_to_string() ?? "";
        BaseTableName = raw.sqlite3_column_table_name(statement, index).utf8_to_string();
        BaseColumnName = raw.sqlite3_column_origin_name(statement, index).utf8_to_string();
        DataType = TypeOf(DataTypeName);
        if (BaseTableName is { Length: > 0 } table)
        {
            var found = raw.sqlite3_table_column_metadata(
                database, null, table, BaseColumnName, out _, out _, out var isNotNull, out var isKey, out _);

            // A primary key of SQLite may hold NULL, unless it is the row's own number.
            AllowDBNull = found != raw.SQLITE_OK
                || (isNotNull == 0 && !(isKey == 1 && DataTypeName.Equals("INTEGER", StringComparison.OrdinalIgnoreCase)));
        }
    }

    /// <summary>The columns of a query.</summary>
    public static IReadOnlyList<DbColumn> Describe(SqliteConnection connection, SqlText sql)
    {
        using var statement = SqliteRowReader.Prepare(connection.Handle!, sql);
        return [.. Enumerable.Range(0, raw.sqlite3_column_count(statement))
            .Select(index => new SqliteColumn(connection.Handle!, statement, index))];
    }

    /// <summary>The type that values of a declared type usually have, by SQLite's own rules.</summary>
    private static Type TypeOf(string declared)
    {
        bool Has(string part) => declared.Contains(part, StringComparison.OrdinalIgnoreCase);
        return Has("INT") ? typeof(long)
            : Has("CHAR") || Has("CLOB") || Has("TEXT") ? typeof(string)
            : Has("BLOB") ? typeof(byte[])
            : Has("REAL") || Has("FLOA") || Has("DOUB") ? typeof(double)
            : typeof(object);
    }
}
