using System.Globalization;
using System.Text;

namespace DataFlow.Connectors;

/// <summary>Turns the text of a value in PostgreSQL's log into the text that a query of ours would give.</summary>
internal static class ChangeValue
{
    /// <summary>The format of a type, by its number in every PostgreSQL.</summary>
    public static ColumnFormat FormatOf(uint type) => type switch
    {
        16 => ColumnFormat.Bool,
        17 => ColumnFormat.Bytes,
        20 => ColumnFormat.Int64,
        21 => ColumnFormat.Int16,
        23 => ColumnFormat.Int32,
        114 => ColumnFormat.Json,
        700 => ColumnFormat.Float,
        701 => ColumnFormat.Double,
        1082 => ColumnFormat.Date,
        1083 => ColumnFormat.Time,
        1114 => ColumnFormat.Timestamp,
        1184 => ColumnFormat.TimestampTz,
        1700 => ColumnFormat.Decimal,
        2950 => ColumnFormat.Uuid,
        3802 => ColumnFormat.JsonB,
        _ => ColumnFormat.Text,
    };

    /// <summary>The value as text.</summary>
    public static string Format(ColumnFormat format, string text)
    {
        switch (format)
        {
            case ColumnFormat.Bool:
                return text == "t" ? "true" : "false";
            case ColumnFormat.Double when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number):
                return Written(ColumnText.Double, number);
            case ColumnFormat.Float when float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number):
                return Written(ColumnText.Float, number);
            case ColumnFormat.Timestamp or ColumnFormat.TimestampTz when char.IsAsciiDigit(text[0]):
                return Moment(text);
            default:
                return text;
        }
    }

    /// <summary>2024-01-01 10:00:00+00 is 2024-01-01 10:00:00.0: the session's zone is UTC.</summary>
    private static string Moment(string text)
    {
        var era = text.EndsWith(" BC", StringComparison.Ordinal) ? " BC" : "";
        var moment = text[..^era.Length];
        var zone = moment.LastIndexOf('+');
        moment = zone > 0 ? moment[..zone] : moment;
        return (moment.Contains('.', StringComparison.Ordinal) ? moment : moment + ".0") + era;
    }

    private delegate int Writer<in T>(Span<byte> output, T value);

    private static string Written<T>(Writer<T> write, T value)
    {
        Span<byte> output = stackalloc byte[ColumnText.Most];
        return Encoding.ASCII.GetString(output[..write(output, value)]);
    }
}
