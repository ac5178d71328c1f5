#pragma warning disable CS1591 // The [Option] text is the documentation; it is what help, reference and schema print.
namespace DataFlow.Formats;

public enum RecordFormat
{
    Csv,

    [OptionValue("json", "ndjson")]
    Json,

    JsonArray,

    JsonDocument,

    Text,
}

public enum MalformedPolicy
{
    Skip,
    Pad,
    Keep,
    Fail,
}

public enum InvalidBytesPolicy
{
    Replace,
    Fail,
    DeadLetter,
}

public enum LongLinePolicy
{
    Truncate,
    DeadLetter,
    Fail,
}

public enum InvalidJsonPolicy
{
    String,
    DeadLetter,
    Fail,
}

/// <summary>How bytes become records; shared by every source that reads bytes.</summary>
public record FormatOptions : IOptionsValidation
{
    [Option("How the bytes are laid out: csv, json (one JSON value per line, also called ndjson), json-array, json-document or text.", Identity = true)]
    public RecordFormat Format { get; init; } = RecordFormat.Csv;

    [Option("CSV: the first row holds the column names. Without it columns are field0, field1, ...", Identity = true)]
    public bool HasHeader { get; init; } = true;

    [Option("CSV: what separates fields; one or more characters, \\t for a tab.", Identity = true)]
    public string Delimiter { get; init; } = ",";

    [Option("Name of the text encoding, as .NET knows it: UTF-8, UTF-16, UTF-16BE, ISO-8859-1, windows-1252, US-ASCII, ... A byte order mark is always recognised and removed.", Identity = true)]
    public string Encoding { get; init; } = "UTF-8";

    [Option("CSV: the character around fields that hold delimiters or line breaks. Empty switches quoting off.", Advanced = true, Identity = true)]
    public string Quote { get; init; } = "\"";

    [Option("CSV: what makes a quote inside a quoted field part of it. The quote itself means that quotes are doubled.", Advanced = true, Identity = true)]
    public string Escape { get; init; } = "\"";

    [Option("What ends a record: auto (LF or CRLF), lf, crlf, cr, or any other text.", Advanced = true, Identity = true)]
    public string RecordSeparator { get; init; } = "auto";

    [Option("CSV: rows that make up the header; names of several rows are joined with a space.", Advanced = true, Identity = true)]
    [OptionRange(1, 100)]
    public int HeaderRows { get; init; } = 1;

    [Option("Lines to skip at the start of the file, before the header.", Advanced = true, Identity = true)]
    [OptionRange(0, 1_000_000)]
    public int SkipRows { get; init; }

    [Option("CSV: lines that start with this text are skipped. Empty: none are.", Advanced = true, Identity = true)]
    public string Comment { get; init; } = "";

    [Option("CSV: an unquoted field with exactly this text is null. Left out: no field is.", Advanced = true, Identity = true)]
    public string? NullToken { get; init; }

    [Option("CSV: remove spaces and tabs around unquoted fields.", Advanced = true, Identity = true)]
    public bool Trim { get; init; }

    [Option("CSV: what to do with a row that is malformed or whose field count differs from the header: skip (warning and dead letter), pad (missing fields are absent, otherwise skip), keep (repaired as sensibly as possible) or fail.")]
    public MalformedPolicy OnMalformed { get; init; } = MalformedPolicy.Skip;

    [Option("JSON: what to do with a line that is no valid JSON: string (the line becomes a text record), dead-letter or fail.")]
    public InvalidJsonPolicy OnInvalidJson { get; init; } = InvalidJsonPolicy.String;

    [Option("What to do with bytes that are invalid in the encoding: replace (by U+FFFD), fail or dead-letter (the record).", Advanced = true)]
    public InvalidBytesPolicy OnInvalidBytes { get; init; } = InvalidBytesPolicy.Replace;

    [Option("Longest line in bytes.", Advanced = true)]
    [OptionRange(16, 100_000_000)]
    public ByteSize MaxLineBytes { get; init; } = ByteSize.MiB(16);

    [Option("What to do with a longer line: truncate, dead-letter or fail. It costs that line only.", Advanced = true)]
    public LongLinePolicy OnLongLine { get; init; } = LongLinePolicy.DeadLetter;

    [Option("CSV: a quoted field that spans more lines than this was never closed: its first line is malformed and reading resumes at the next.", Advanced = true)]
    [OptionRange(1, 1_000_000)]
    public int MaxQuotedLines { get; init; } = 1000;

    [Option("Most fields per record. A record with more is a dead letter.", Advanced = true)]
    [OptionRange(1, 100_000)]
    public int MaxFields { get; init; } = 2000;

    /// <inheritdoc/>
    public virtual IEnumerable<OptionProblem> Validate()
    {
        if (Delimiter.Length == 0)
        {
            yield return new OptionProblem("delimiter", "The delimiter is empty; give one or more characters, such as ',' or '\\t'.");
        }

        if (Quote.Length > 1)
        {
            yield return new OptionProblem("quote", $"'{Quote}' is {Quote.Length} characters long; give one character, or nothing to switch quoting off.");
        }

        if (Escape.Length > 1)
        {
            yield return new OptionProblem("escape", $"'{Escape}' is {Escape.Length} characters long; give one character.");
        }
    }
}
