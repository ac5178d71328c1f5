using System.Text;

namespace DataFlow.Connectors;

/// <summary>Aligns records in columns as wide as the first batch needs them; longer values are cut.</summary>
internal sealed class ConsoleTable
{
    private const string Gap = "  ";
    private const string Bold = "\e[1m";
    private const string Faint = "\e[2m";
    private const string Plain = "\e[0m";

    private readonly IReadOnlyList<string> _names;
    private readonly int[] _widths;
    private readonly bool _hasColour;

    private ConsoleTable(IReadOnlyList<string> names, int[] widths, bool hasColour)
    {
        _names = names;
        _widths = widths;
        _hasColour = hasColour;
    }

    /// <summary>A table for the columns of a batch, as wide as its values.</summary>
    public static ConsoleTable For(RecordBatch batch, int maxWidth, bool hasColour)
    {
        var names = batch.Schema.Names;
        var widths = new int[names.Count];
        for (var column = 0; column < widths.Length; column++)
        {
            var width = DisplayText.WidthOf(names[column]);
            for (var index = 0; index < batch.Count && width < maxWidth; index++)
            {
                width = Math.Max(width, DisplayText.WidthOf(ValueOf(batch, batch.RowAt(index), column)));
            }

            widths[column] = Math.Min(width, maxWidth);
        }

        return new ConsoleTable(names, widths, hasColour);
    }

    /// <summary>True when the schema has this table's columns.</summary>
    public bool Fits(RecordSchema schema) => schema.Names.SequenceEqual(_names);

    public void AppendHeader(StringBuilder text)
    {
        AppendLine(text, column => (_names[column], Bold));
        AppendLine(text, column => (new string('─', _widths[column]), Faint));
    }

    public void AppendRow(RecordBatch batch, int row, StringBuilder text) =>
        AppendLine(text, column => (ValueOf(batch, row, column), batch.Field(row, column).Kind is FieldKind.Null ? Faint : ""));

    private static string ValueOf(RecordBatch batch, int row, int column)
    {
        var field = batch.Field(row, column);
        return field.Kind is FieldKind.Null ? "null" : DisplayText.Of(Encoding.UTF8.GetString(FieldText.Decode(batch, field)));
    }

    private void AppendLine(StringBuilder text, Func<int, (string Text, string Style)> cell)
    {
        var start = text.Length;
        for (var column = 0; column < _widths.Length; column++)
        {
            var (value, style) = cell(column);
            var hasStyle = _hasColour && style.Length > 0;
            var cut = DisplayText.Cut(value, _widths[column]);
            text.Append(column > 0 ? Gap : "").Append(hasStyle ? style : "").Append(cut).Append(hasStyle ? Plain : "");
            text.Append(' ', _widths[column] - DisplayText.WidthOf(cut));
        }

        while (text.Length > start && text[^1] == ' ')
        {
            text.Length--;
        }

        text.Append('\n');
    }
}
