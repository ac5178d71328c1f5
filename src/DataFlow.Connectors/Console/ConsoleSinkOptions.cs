#pragma warning disable CS1591 // The [Option] text is the documentation; it is what help, reference and schema print.
using DataFlow.Formats;

namespace DataFlow.Connectors;

internal enum ConsoleFormat
{
    Table,

    [OptionValue("ndjson", "json")]
    Ndjson,

    Csv,
}

internal sealed record ConsoleSinkOptions : IOptionsValidation
{
    [Option("How records are shown: table (aligned columns), ndjson or csv.")]
    public ConsoleFormat Format { get; init; } = ConsoleFormat.Table;

    [Option("ndjson: write each record as {\"id\":..,\"data\":{..},\"metadata\":{..}} instead of its fields alone.")]
    public bool Envelope { get; init; }

    [Option("csv: the columns and their order. Left out: the fields of the first record. A record with another field starts a new "
        + "header.", Example = "id,name,age")]
    public IReadOnlyList<string> Columns { get; init; } = [];

    [Option("table: widest column, in characters; a longer value is cut and ends with an ellipsis.")]
    [OptionRange(4, 10_000)]
    public int MaxWidth { get; init; } = 40;

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Envelope && Format != ConsoleFormat.Ndjson)
        {
            yield return new OptionProblem("envelope", "An envelope is a JSON object; it needs format: ndjson.");
        }

        if (Columns.FirstOrDefault(column => Columns.Count(other => other == column) > 1) is { } twice)
        {
            yield return new OptionProblem("columns", $"The column '{twice}' is listed twice; names must differ from each other.");
        }
    }

    /// <summary>How to write CSV.</summary>
    internal EncoderOptions Csv => new() { Format = OutputFormat.Csv, Columns = Columns };
}
