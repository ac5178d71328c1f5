using System.Data.Common;

namespace DataFlow.Connectors;

/// <summary>Which PostgreSQL types are decoded from their binary form; all others are cast to text by the server.</summary>
internal static class PostgreSqlColumns
{
    /// <summary>The format of a column.</summary>
    public static ColumnFormat FormatOf(DbColumn column) => TypeName(column) switch
    {
        "bigint" => ColumnFormat.Int64,
        "integer" => ColumnFormat.Int32,
        "smallint" => ColumnFormat.Int16,
        "numeric" => ColumnFormat.Decimal,
        "real" => ColumnFormat.Float,
        "double precision" => ColumnFormat.Double,
        "boolean" => ColumnFormat.Bool,
        "date" => ColumnFormat.Date,
        "time without time zone" => ColumnFormat.Time,
        "timestamp without time zone" => ColumnFormat.Timestamp,
        "timestamp with time zone" => ColumnFormat.TimestampTz,
        "uuid" => ColumnFormat.Uuid,
        "bytea" => ColumnFormat.Bytes,
        "json" => ColumnFormat.Json,
        "jsonb" => ColumnFormat.JsonB,
        "text" or "character varying" or "character" or "name" or "xml" => ColumnFormat.Text,
        _ => ColumnFormat.Interval,
    };

    /// <summary>A column in the outer SELECT: what is not decoded here is cast to text.</summary>
    public static string Select(DbColumn column, ColumnFormat format)
    {
        var name = PostgreSqlDialect.Instance.Quote(column.ColumnName);
        return format == ColumnFormat.Interval ? $"q.{name}::text" : $"q.{name}";
    }

    /// <summary>True for a type, of those that are cast to text, for which an empty text is a value of its own.</summary>
    public static bool TakesEmptyText(DbColumn column)
    {
        // An extension's type has its schema before it.
        var name = TypeName(column);
        return name[(name.LastIndexOf('.') + 1)..] is "citext" or "tsvector" or "tsquery" or "bit varying" or "hstore" or "ltree";
    }

    private static string TypeName(DbColumn column)
    {
        var name = column.DataTypeName ?? "";
        var modifier = name.IndexOf('(', StringComparison.Ordinal);
        if (modifier < 0)
        {
            return name;
        }

        // numeric(12,2), timestamp(3) without time zone
        var end = name.IndexOf(')', modifier);
        return name[..modifier] + name[(end + 1)..];
    }
}
