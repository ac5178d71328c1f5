using System.Text;

namespace DataFlow.Engine.Configuration;

/// <summary>Something wrong with a configuration: where it is, what was found, what is allowed and what to do.</summary>
/// <param name="File">The file as the user named it; null for a configuration that was made in C#.</param>
/// <param name="Line">1-based; 0 when unknown.</param>
/// <param name="Column">1-based; 0 when unknown.</param>
/// <param name="Key">The full key: <c>source.options.delimiter</c>; empty when it is about the whole file.</param>
/// <param name="Message">A sentence. Never holds the value of a secret option.</param>
public sealed record ConfigurationProblem(string? File, int Line, int Column, string Key, string Message)
{
    /// <summary>One line: <c>orders.yaml:7:14: source.options.delimiter: ...</c>.</summary>
    public override string ToString()
    {
        var line = new StringBuilder();
        if (File is not null)
        {
            line.Append(File);
            if (Line > 0)
            {
                line.Append(':').Append(Line).Append(':').Append(Column);
            }

            line.Append(": ");
        }

        if (Key.Length > 0)
        {
            line.Append(Key).Append(": ");
        }

        return line.Append(Message).ToString();
    }
}
