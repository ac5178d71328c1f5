using System.Data.Common;
using Microsoft.Data.SqlClient;
using Microsoft.Data.Sqlite;
using MySqlConnector;

namespace DataFlow.Connectors;

/// <summary>Why a table refused a row, in the same words for every database: dead letters are counted by them.</summary>
internal static class RefusalReason
{
    /// <summary>A value that can't be one of its column.</summary>
    public const string Value = "value-does-not-fit";

    /// <summary>The record doesn't say which row it means.</summary>
    public const string Key = "key-missing";

    /// <summary>A change that brings only some values, of a row that is not there.</summary>
    public const string NoRow = "row-not-there";

    private const string Unique = "unique-violation";
    private const string NotNull = "not-null-violation";
    private const string ForeignKey = "foreign-key-violation";
    private const string Check = "check-violation";

    /// <summary>The reason for a failure of the database.</summary>
    public static string Of(DbException failure) => failure switch
    {
        RefusedRowException refused => refused.Reason,
        MySqlException mysql => OfMySql(mysql),
        SqliteException sqlite => OfSqlite(sqlite.SqliteExtendedErrorCode),
        SqlException sqlServer => OfSqlServer(sqlServer.Number),
        _ => OfState(failure),
    } ?? "refused-by-database";

    private static string? OfState(DbException failure) => failure.SqlState switch
    {
        "23505" => Unique,
        "23502" => NotNull,
        "23503" => ForeignKey,
        "23514" or "44000" => Check,
        ['2', '2', ..] => Value,
        _ => null,
    };

    private static string? OfMySql(MySqlException failure) => failure.Number switch
    {
        1062 or 1169 or 1586 => Unique,
        1048 or 1364 => NotNull,
        1216 or 1217 or 1451 or 1452 => ForeignKey,
        1369 or 3819 or 4025 => Check,
        1264 or 1265 or 1292 or 1300 or 1366 or 1406 => Value,
        _ => OfState(failure),
    };

    private static string? OfSqlite(int code) => code switch
    {
        1555 or 2067 or 2579 => Unique,
        1299 => NotNull,
        787 => ForeignKey,
        275 => Check,
        18 or 20 or 3091 => Value,
        _ => null,
    };

    private static string? OfSqlServer(int number) => number switch
    {
        2601 or 2627 => Unique,
        515 => NotNull,
        241 or 242 or 245 or 2628 or 8115 or 8152 => Value,
        _ => null,
    };
}
