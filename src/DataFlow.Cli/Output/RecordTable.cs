using Spectre.Console;

namespace DataFlow.Cli.Output;

/// <summary>Records as a table for people.</summary>
internal static class RecordTable
{
    private const int WidestCell = 40;

    /// <summary>Writes one row per record, one column per field that occurs.</summary>
    public static void Write(TextWriter writer, IReadOnlyList<DataRecord> records)
    {
        if (records.Count == 0)
        {
            writer.WriteLine("No records.");
            return;
        }

        var columns = records.SelectMany(record => record.Data.Keys).Distinct().ToList();
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumn("@id");
        foreach (var column in columns)
        {
            table.AddColumn(Markup.Escape(column));
        }

        foreach (var record in records)
        {
            table.AddRow([new Text(Cut(record.Id)), .. columns.Select(column => new Text(Cut(record.IsNull(column) ? "∅" : record.Data.GetValueOrDefault(column, ""))))]);
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });
        if (!console.Profile.Out.IsTerminal)
        {
            // Nothing to fit into: a pipe or file takes lines of any length.
            console.Profile.Width = 10_000;
        }

        console.Write(table);
    }

    private static string Cut(string value)
    {
        var line = value.ReplaceLineEndings("⏎");
        return line.Length <= WidestCell ? line : string.Concat(line.AsSpan(0, WidestCell - 1), "…");
    }
}
