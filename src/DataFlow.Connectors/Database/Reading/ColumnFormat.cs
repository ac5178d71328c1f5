using System.Data.Common;

namespace DataFlow.Connectors;

/// <summary>How the values of a column become text.</summary>
internal enum ColumnFormat
{
    /// <summary>As the provider says it.</summary>
    Text,
    Int16,
    Int32,
    Int64,
    UInt64,
    Decimal,
    Float,
    Double,
    Bool,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Interval,
    Uuid,
    Bytes,
    Json,
    JsonB,
    Bits,
    MySqlMoment,
    MySqlDate,
    MySqlDecimal,
    MySqlYear,

    /// <summary>The value's own type decides, row by row.</summary>
    Dynamic,
}

/// <summary>What follows from a column's format.</summary>
internal static class ColumnFormats
{
    /// <summary>The format for a column of which only the .NET type is known.</summary>
    public static ColumnFormat ByClrType(DbColumn column) => Type.GetTypeCode(column.DataType) switch
    {
        TypeCode.Byte or TypeCode.SByte or TypeCode.Int16 => ColumnFormat.Int16,
        TypeCode.UInt16 or TypeCode.Int32 => ColumnFormat.Int32,
        TypeCode.UInt32 or TypeCode.Int64 => ColumnFormat.Int64,
        TypeCode.UInt64 => ColumnFormat.UInt64,
        TypeCode.Decimal => ColumnFormat.Decimal,
        TypeCode.Single => ColumnFormat.Float,
        TypeCode.Double => ColumnFormat.Double,
        TypeCode.Boolean => ColumnFormat.Bool,
        TypeCode.DateTime =>
            column.DataTypeName?.Equals("date", StringComparison.OrdinalIgnoreCase) == true ? ColumnFormat.Date : ColumnFormat.Timestamp,
        TypeCode.String => ColumnFormat.Text,
        _ when column.DataType == typeof(DateTimeOffset) => ColumnFormat.TimestampTz,
        _ when column.DataType == typeof(DateOnly) => ColumnFormat.Date,
        _ when column.DataType == typeof(TimeSpan) || column.DataType == typeof(TimeOnly) => ColumnFormat.Time,
        _ when column.DataType == typeof(Guid) => ColumnFormat.Uuid,
        _ when column.DataType == typeof(byte[]) => ColumnFormat.Bytes,
        _ => ColumnFormat.Dynamic,
    };

    /// <summary>The type of a field with values of this format.</summary>
    public static FieldType TypeOf(this ColumnFormat format) => format switch
    {
        ColumnFormat.Int16 or ColumnFormat.Int32 or ColumnFormat.Int64 or ColumnFormat.UInt64 or ColumnFormat.MySqlYear => FieldType.Int64,
        ColumnFormat.Decimal or ColumnFormat.MySqlDecimal => FieldType.Decimal,
        ColumnFormat.Float or ColumnFormat.Double => FieldType.Double,
        ColumnFormat.Bool => FieldType.Bool,
        ColumnFormat.Date or ColumnFormat.MySqlDate => FieldType.Date,
        ColumnFormat.Time => FieldType.Time,
        ColumnFormat.Timestamp or ColumnFormat.MySqlMoment => FieldType.Timestamp,
        ColumnFormat.TimestampTz => FieldType.TimestampTz,
        ColumnFormat.Uuid => FieldType.Uuid,
        ColumnFormat.Bytes => FieldType.Bytes,
        ColumnFormat.Json or ColumnFormat.JsonB => FieldType.Json,
        _ => FieldType.Text,
    };
}
