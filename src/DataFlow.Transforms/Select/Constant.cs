using System.Globalization;
using System.Text;

namespace DataFlow.Transforms;

/// <summary>A field with the same value for every record.</summary>
/// <param name="Name">The field.</param>
/// <param name="Type">Its type.</param>
/// <param name="Kind">How to read the bytes.</param>
/// <param name="Utf8">The value.</param>
internal sealed record Constant(string Name, FieldType Type, FieldKind Kind, byte[] Utf8)
{
    /// <summary>Makes a constant of a value as the pipeline file gives it; numbers and booleans keep their type.</summary>
    /// <exception cref="OptionException">The value is neither text, number, boolean nor null.</exception>
    public static Constant Of(string name, object? value) => value switch
    {
        null => new Constant(name, FieldType.Text, FieldKind.Null, []),
        string text => new Constant(name, FieldType.Text, FieldKind.Text, Encoding.UTF8.GetBytes(text)),
        bool truth => Token(name, FieldType.Bool, truth ? "true" : "false"),
        int or long => Token(name, FieldType.Int64, Convert.ToString(value, CultureInfo.InvariantCulture)!),
        decimal number => Token(name, FieldType.Decimal, number.ToString(CultureInfo.InvariantCulture)),
        double number when double.IsFinite(number) => Token(name, FieldType.Double, number.ToString("R", CultureInfo.InvariantCulture)),
        _ => throw new OptionException(
            "set", $"The value of '{name}' is no text, number, true, false or null; write a single value, in quotes if it is a text."),
    };

    private static Constant Token(string name, FieldType type, string token) =>
        new(name, type, FieldKind.JsonRaw, Encoding.UTF8.GetBytes(token));
}
