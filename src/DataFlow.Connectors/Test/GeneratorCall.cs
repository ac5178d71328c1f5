using System.Globalization;

namespace DataFlow.Connectors;

/// <summary>A generator as it is written in a template: <c>decimal(0,1000,2)</c>.</summary>
internal sealed class GeneratorCall
{
    private readonly string _field;
    private readonly string _text;

    private GeneratorCall(string field, string text, string name, List<string> arguments)
    {
        _field = field;
        _text = text;
        Name = name;
        Arguments = arguments;
    }

    public string Name { get; }

    public IReadOnlyList<string> Arguments { get; }

    /// <summary>Reads a call; arguments are separated by commas, but not by those inside parentheses.</summary>
    /// <exception cref="OptionException">The parentheses don't match.</exception>
    public static GeneratorCall Parse(string field, string text)
    {
        text = text.Trim();
        var open = text.IndexOf('(', StringComparison.Ordinal);
        if (open < 0)
        {
            return new GeneratorCall(field, text, text, []);
        }

        var arguments = new List<string>();
        int depth = 0, start = open + 1;
        for (var at = open; at < text.Length; at++)
        {
            depth += text[at] switch { '(' => 1, ')' => -1, _ => 0 };
            var ends = depth == 0;
            if (ends || (depth == 1 && text[at] == ','))
            {
                arguments.Add(text[start..at].Trim());
                start = at + 1;
            }

            if (ends)
            {
                break;
            }
        }

        var call = new GeneratorCall(field, text, text[..open].TrimEnd(), arguments);
        return depth == 0 && start == text.Length ? call : throw call.Wrong("one pair of parentheses around its arguments");
    }

    public long Whole(int index, string expected) =>
        long.TryParse(Argument(index, expected), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw Wrong(expected);

    public decimal Number(int index, string expected) =>
        decimal.TryParse(Argument(index, expected), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw Wrong(expected);

    public DateTimeOffset Moment(int index, string expected) =>
        DateTimeOffset.TryParse(Argument(index, expected), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var value)
            ? value
            : throw Wrong(expected);

    public TimeSpan Duration(int index, string expected)
    {
        var text = Argument(index, expected);
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        var unit = text[digits..] switch
        {
            "ms" => TimeSpan.FromMilliseconds(1),
            "s" => TimeSpan.FromSeconds(1),
            "m" => TimeSpan.FromMinutes(1),
            "h" => TimeSpan.FromHours(1),
            "d" => TimeSpan.FromDays(1),
            _ => throw Wrong(expected),
        };
        return int.TryParse(text[..digits], CultureInfo.InvariantCulture, out var count) && count > 0
            ? unit * count
            : throw Wrong(expected);
    }

    /// <summary>Checks how many arguments there are.</summary>
    public GeneratorCall With(int least, int most, string expected) =>
        Arguments.Count >= least && Arguments.Count <= most && !Arguments.Contains("") ? this : throw Wrong(expected);

    public OptionException Wrong(string expected) =>
        new("template", $"The generator '{_text}' of field '{_field}' is wrong: expected {expected}.");

    private string Argument(int index, string expected) => index < Arguments.Count ? Arguments[index] : throw Wrong(expected);
}
