using System.Text;

namespace DataFlow.Connectors;

/// <summary>Aligns values in columns as wide as the first rows need them; longer values are cut. A null is shown as one.</summary>
internal sealed class TextTable
{
    private const string Gap = "  ";
    private const string Null = "null";
    private const string Bold = "\e[1m";
    private const string Faint = "\e[2m";
    private const string Plain = "\e[0m";

    private readonly IReadOnlyList<string> _names;
    private readonly int[] _widths;
    private readonly bool _hasColour;

    /// <summary>A table that is as wide as some rows need it.</summary>
    /// <param name="names">The columns.</param>
    /// <param name="rows">The rows to measure, with a value per column.</param>
    /// <param name="maxWidth">The widest that a column may become, in columns of the terminal.</param>
    /// <param name="hasColour">True when escape sequences are understood.</param>
    public TextTable(IReadOnlyList<string> names, IEnumerable<IReadOnlyList<string?>> rows, int maxWidth, bool hasColour)
    {
        _names = names;
        _hasColour = hasColour;
        _widths = [.. names.Select(name => Math.Min(DisplayText.WidthOf(DisplayText.Of(name)), maxWidth))];
        foreach (var row in rows)
        {
            for (var column = 0; column < _widths.Length; column++)
            {
                if (_widths[column] < maxWidth)
                {
                    _widths[column] = Math.Min(Math.Max(_widths[column], DisplayText.WidthOf(Shown(row[column]))), maxWidth);
                }
            }
        }
    }

    /// <summary>Columns of the terminal that a line takes.</summary>
    public int Width => _widths.Sum() + (Gap.Length * Math.Max(0, _widths.Length - 1));

    /// <summary>True when these are the table's columns.</summary>
    public bool Fits(IReadOnlyList<string> names) => names.SequenceEqual(_names);

    public void AppendHeader(StringBuilder text)
    {
        AppendLine(text, column => (DisplayText.Of(_names[column]), Bold));
        AppendLine(text, column => (new string('─', _widths[column]), Faint));
    }

    public void AppendRow(StringBuilder text, IReadOnlyList<string?> row) =>
        AppendLine(text, column => (Shown(row[column]), row[column] is null ? Faint : ""));

    private static string Shown(string? value) => value is null ? Null : DisplayText.Of(value);

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
