using System.Text;
using DataFlow.Connectors;

namespace DataFlow.Cli.Output;

/// <summary>Records as a table for people.</summary>
internal static class RecordTable
{
    private const int WidestColumn = 40;
    private const int NarrowestColumn = 8;

    /// <summary>Writes one row per record, one column per field that occurs.</summary>
    /// <param name="writer">Gets the table.</param>
    /// <param name="records">What to show.</param>
    /// <param name="width">Columns of the terminal to fit into where that can be done, or null for as many as are needed.</param>
    /// <param name="hasColour">True when escape sequences are understood.</param>
    public static void Write(TextWriter writer, IReadOnlyList<DataRecord> records, int? width, bool hasColour)
    {
        if (records.Count == 0)
        {
            writer.WriteLine("No records.");
            return;
        }

        var columns = records.SelectMany(record => record.Data.Keys).Distinct().ToList();
        var rows = records.Select(record => RowOf(record, columns)).ToList();
        var widest = WidestColumn;
        var table = Create(widest);
        while (table.Width > width && widest > NarrowestColumn)
        {
            table = Create(--widest);
        }

        var text = new StringBuilder();
        table.AppendHeader(text);
        rows.ForEach(row => table.AppendRow(text, row));
        writer.Write(text);

        TextTable Create(int maxWidth) => new(["@id", .. columns], rows, maxWidth, hasColour);
    }

    private static IReadOnlyList<string?> RowOf(DataRecord record, IEnumerable<string> columns) =>
        [record.Id, .. columns.Select(column => record.IsNull(column) ? null : record.Data.GetValueOrDefault(column, ""))];
}
