#pragma warning disable CS1591 // The [Option] text is the documentation; it is what help, reference and schema print.
namespace DataFlow.Formats;

public enum OutputFormat
{
    [OptionValue("ndjson", "json")]
    Ndjson,

    Csv,

    Text,
}

public enum NewFieldPolicy
{
    Fail,
    Rotate,
    DropCounted,
}

/// <summary>How records become bytes: the options that every sink writing files of records has.</summary>
public record EncoderOptions : IOptionsValidation
{
    [Option("How records are written: ndjson (one JSON object per line, also called json), csv or text (one field per "
        + "line).", Identity = true)]
    public OutputFormat Format { get; init; } = OutputFormat.Ndjson;

    [Option("ndjson: write each record as {\"id\":..,\"data\":{..},\"metadata\":{..}} instead of its fields alone.", Identity = true)]
    public bool Envelope { get; init; }

    [Option("csv: what separates fields; one or more characters, \\t for a tab.", Identity = true)]
    public string Delimiter { get; init; } = ",";

    [Option("csv: write a header row.", Identity = true)]
    public bool Header { get; init; } = true;

    [Option("csv: the columns and their order. Left out: the fields of the first record.", Identity = true, Example = "id,name,age")]
    public IReadOnlyList<string> Columns { get; init; } = [];

    [Option("csv: what is written for null and for a field that a record doesn't have. A value with exactly this text is "
        + "quoted.", Advanced = true, Identity = true)]
    public string NullText { get; init; } = "";

    [Option(
        "csv: what to do with a field that is not among the columns: fail, rotate (go on in a new file whose header has it) or "
        + "drop-counted (leave it out and count it).")]
    public NewFieldPolicy OnNewField { get; init; } = NewFieldPolicy.Fail;

    [Option("text: the field that makes up the line. A record without it is a dead letter.", Identity = true)]
    public string Field { get; init; } = "line";

    /// <inheritdoc/>
    public virtual IEnumerable<OptionProblem> Validate()
    {
        if (CsvEncoder.DelimiterProblem(Delimiter) is { } problem)
        {
            yield return new OptionProblem("delimiter", problem);
        }

        if (Envelope && Format != OutputFormat.Ndjson)
        {
            yield return new OptionProblem("envelope", "An envelope is a JSON object; it needs format: ndjson.");
        }

        if (NullText.AsSpan().IndexOfAny("\"\r\n") >= 0 || (NullText.Length > 0 && NullText.Contains(Delimiter, StringComparison.Ordinal)))
        {
            yield return new OptionProblem("null-text", "The text for null must hold no quote, line break or delimiter, because "
                + "it is written unquoted.");
        }

        if (Columns.FirstOrDefault(column => Columns.Count(other => other == column) > 1) is { } twice)
        {
            yield return new OptionProblem("columns", $"The column '{twice}' is listed twice; names must differ from each other.");
        }
    }
}
