namespace DataFlow.Connectors;

/// <summary>The types of columns that are made for fields.</summary>
internal static class ColumnTypes
{
    /// <summary>The type that keeps every value of a field as it is.</summary>
    /// <param name="dialect">The database.</param>
    /// <param name="type">The field's type.</param>
    /// <param name="isKey">True for a column of the primary key: some databases want texts of bounded length there.</param>
    public static string Of(Dialect dialect, FieldType type, bool isKey) => dialect switch
    {
        PostgreSqlDialect => PostgreSql(type),
        MySqlDialect => MySql(type, isKey),
        SqliteDialect => Sqlite(type),
        SqlServerDialect => SqlServer(type, isKey),
        _ => isKey ? "VARCHAR(255)" : "VARCHAR(4000)",
    };

    private static string PostgreSql(FieldType type) => type switch
    {
        FieldType.Int64 => "bigint",
        FieldType.Decimal => "numeric",
        FieldType.Double => "double precision",
        FieldType.Bool => "boolean",
        FieldType.Date => "date",
        FieldType.Time => "time",
        FieldType.Timestamp => "timestamp",
        FieldType.TimestampTz => "timestamptz",
        FieldType.Uuid => "uuid",
        FieldType.Json => "jsonb",
        FieldType.Bytes => "bytea",
        _ => "text",
    };

    private static string MySql(FieldType type, bool isKey) => type switch
    {
        FieldType.Int64 => "BIGINT",
        FieldType.Decimal => "DECIMAL(65, 20)",
        FieldType.Double => "DOUBLE",
        FieldType.Bool => "BOOLEAN",
        FieldType.Date => "DATE",
        FieldType.Time => "TIME(6)",
        FieldType.Timestamp or FieldType.TimestampTz => "DATETIME(6)",
        FieldType.Uuid => "CHAR(36)",
        FieldType.Bytes => isKey ? "VARBINARY(255)" : "LONGBLOB",
        _ => isKey ? "VARCHAR(255)" : "LONGTEXT",
    };

    // A decimal stays text: SQLite would make a binary number of it.
    private static string Sqlite(FieldType type) => type switch
    {
        FieldType.Int64 or FieldType.Bool => "INTEGER",
        FieldType.Double => "REAL",
        FieldType.Bytes => "BLOB",
        _ => "TEXT",
    };

    private static string SqlServer(FieldType type, bool isKey) => type switch
    {
        FieldType.Int64 => "BIGINT",
        FieldType.Decimal => "DECIMAL(38, 10)",
        FieldType.Double => "FLOAT",
        FieldType.Bool => "BIT",
        FieldType.Date => "DATE",
        FieldType.Time => "TIME",
        FieldType.Timestamp => "DATETIME2",
        FieldType.TimestampTz => "DATETIMEOFFSET",
        FieldType.Uuid => "UNIQUEIDENTIFIER",
        FieldType.Bytes => isKey ? "VARBINARY(255)" : "VARBINARY(MAX)",
        _ => isKey ? "NVARCHAR(255)" : "NVARCHAR(MAX)",
    };
}
