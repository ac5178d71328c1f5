using System.Text;
using Spectre.Console;

namespace DataFlow.Cli.Output;

/// <summary>Lines for a terminal that may be drawing a progress bar: they appear above the bar instead of in its middle.</summary>
/// <param name="terminal">Draws the bar. Knows whether colours are welcome.</param>
internal sealed class TerminalWriter(IAnsiConsole terminal) : TextWriter
{
    private readonly Lock _gate = new();
    private readonly StringBuilder _line = new();

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value)
    {
        lock (_gate)
        {
            if (value != '\n')
            {
                _line.Append(value);
                return;
            }

            var line = _line.ToString().TrimEnd('\r');
            _line.Clear();
            terminal.Write(Styled(line).Append("\n"));
        }
    }

    public override void Write(string? value)
    {
        lock (_gate)
        {
            base.Write(value);
        }
    }

    public override void WriteLine(string? value) => Write(value + "\n");

    private static Paragraph Styled(string line)
    {
        var colour = line.StartsWith("error:", StringComparison.Ordinal) ? Color.Red
            : line.StartsWith("warning:", StringComparison.Ordinal) ? Color.Yellow
            : Color.Default;
        var label = colour == Color.Default ? 0 : line.IndexOf(':', StringComparison.Ordinal) + 1;
        return new Paragraph().Append(line[..label], new Style(colour)).Append(line[label..]);
    }
}
