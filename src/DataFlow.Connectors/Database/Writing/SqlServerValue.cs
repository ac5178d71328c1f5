using System.Data.Common;
using System.Data.SqlTypes;
using System.Globalization;
using System.Text;

namespace DataFlow.Connectors;

/// <summary>Texts as values of SQL Server's types, in the one form in which records have them, whatever the machine's culture.</summary>
internal static class SqlServerValue
{
    /// <summary>The type that values of a column are given in; decimals in the one that keeps all 38 digits.</summary>
    public static Type TypeOf(DbColumn column) => column.DataType switch
    {
        null => typeof(string),
        var type when type == typeof(decimal) => typeof(SqlDecimal),
        var type when IsKnown(type) => type,
        _ => typeof(string),
    };

    /// <summary>The value that a text is in a column.</summary>
    /// <exception cref="RefusedRowException">It is none of the column's type.</exception>
    public static object Of(ReadOnlySpan<byte> utf8, FieldKind kind, DbColumn column)
    {
        var type = TypeOf(column);
        if (type == typeof(byte[]))
        {
            return TableStatements.BytesOf(kind, utf8) ?? utf8.ToArray();
        }

        return Parse(Encoding.UTF8.GetString(utf8), type) ?? throw RefusedRowException.OfValue(utf8, column);
    }

    private static bool IsKnown(Type type) => Type.GetTypeCode(type)
        is TypeCode.Boolean or TypeCode.Byte or TypeCode.Int16 or TypeCode.Int32 or TypeCode.Int64 or TypeCode.Single or TypeCode.Double
        or TypeCode.DateTime
        || type == typeof(DateTimeOffset) || type == typeof(TimeSpan) || type == typeof(Guid) || type == typeof(byte[]);

    private static object? Parse(string text, Type type)
    {
        var culture = CultureInfo.InvariantCulture;
        if (type == typeof(string))
        {
            return text;
        }

        if (type == typeof(SqlDecimal))
        {
            return ParseDecimal(text);
        }

        if (type == typeof(bool))
        {
            return text switch { "true" or "1" => true, "false" or "0" => false, _ => null };
        }

        if (type == typeof(DateTimeOffset))
        {
            return DateTimeOffset.TryParse(text, culture, DateTimeStyles.AssumeUniversal, out var instant) ? instant : null;
        }

        if (type == typeof(DateTime))
        {
            return DateTime.TryParse(text, culture, DateTimeStyles.None, out var moment) ? moment : null;
        }

        if (type == typeof(TimeSpan))
        {
            return TimeSpan.TryParse(text, culture, out var time) ? time : null;
        }

        if (type == typeof(Guid))
        {
            return Guid.TryParse(text, out var uuid) ? uuid : null;
        }

        return ParseNumber(text, type, culture);
    }

    private static object? ParseNumber(string text, Type type, CultureInfo culture) => Type.GetTypeCode(type) switch
    {
        TypeCode.Byte => byte.TryParse(text, NumberStyles.None, culture, out var number) ? number : null,
        TypeCode.Int16 => short.TryParse(text, NumberStyles.AllowLeadingSign, culture, out var number) ? number : null,
        TypeCode.Int32 => int.TryParse(text, NumberStyles.AllowLeadingSign, culture, out var number) ? number : null,
        TypeCode.Int64 => long.TryParse(text, NumberStyles.AllowLeadingSign, culture, out var number) ? number : null,
        TypeCode.Single => float.TryParse(text, NumberStyles.Float, culture, out var number) && float.IsFinite(number) ? number : null,
        _ => double.TryParse(text, NumberStyles.Float, culture, out var number) && double.IsFinite(number) ? number : null,
    };

    private static object? ParseDecimal(string text)
    {
        try
        {
            return SqlDecimal.Parse(text);
        }
        catch (Exception failure) when (failure is FormatException or OverflowException or ArgumentException)
        {
            return null;
        }
    }
}
