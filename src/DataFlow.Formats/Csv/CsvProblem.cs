namespace DataFlow.Formats;

/// <summary>What can be wrong with a row.</summary>
internal enum CsvProblem
{
    None,
    StrayQuote,
    TextAfterQuote,
    UnclosedQuote,
    TooManyFields,
    TooFewFields,
    LineTooLong,
}

/// <summary>What is said about a bad row.</summary>
internal static class CsvProblems
{
    /// <summary>The stable code of a problem.</summary>
    public static string ReasonOf(CsvProblem problem) => problem switch
    {
        CsvProblem.StrayQuote => "stray-quote",
        CsvProblem.TextAfterQuote => "text-after-quote",
        CsvProblem.UnclosedQuote => "unclosed-quote",
        CsvProblem.TooManyFields => "too-many-fields",
        CsvProblem.TooFewFields => "too-few-fields",
        _ => "line-too-long",
    };

    /// <summary>The sentence about a problem.</summary>
    /// <param name="problem">What is wrong.</param>
    /// <param name="line">Physical line of the row, 1-based.</param>
    /// <param name="found">Number of fields, or for quotes the 1-based field.</param>
    /// <param name="layout">What was expected; null before the first row.</param>
    /// <param name="options">The limits.</param>
    public static string Describe(CsvProblem problem, long line, int found, CsvLayout? layout, FormatOptions options) => problem switch
    {
        CsvProblem.StrayQuote =>
            $"Line {line}, field {found}: a quote stands in an unquoted field. Put the field in quotes and double the quotes in it, "
            + "or choose what to do with such rows by on-malformed.",
        CsvProblem.TextAfterQuote =>
            $"Line {line}, field {found}: there is text after the closing quote. Double the quotes that belong to the field, "
            + "or choose what to do with such rows by on-malformed.",
        CsvProblem.UnclosedQuote =>
            $"Line {line}, field {found}: the quoted field is not closed within {options.MaxQuotedLines} lines (max-quoted-lines), "
            + $"{new ByteSize(CsvDialect.MaxQuotedBytes)}, {options.MaxLineBytes} per record (max-line-bytes) or the rest of the data. "
            + "Close it, or choose what to do with such rows by on-malformed.",
        CsvProblem.TooManyFields when found > options.MaxFields =>
            $"Line {line}: expected at most {Fields(options.MaxFields)} (max-fields), found {found}. "
            + "Check the delimiter, or raise max-fields if that is right.",
        CsvProblem.TooManyFields or CsvProblem.TooFewFields =>
            $"Line {line}: expected {Fields(layout!.Count)} as in {layout.Origin}, found {found}. "
            + $"Check the delimiter '{options.Delimiter}' and put fields that hold it in quotes, "
            + "or choose what to do with such rows by on-malformed.",
        _ =>
            $"Line {line} is longer than max-line-bytes ({options.MaxLineBytes}). Raise max-line-bytes, or choose what to do "
            + "with such lines by on-long-line.",
    };

    private static string Fields(int count) => count == 1 ? "1 field" : $"{count} fields";
}
