namespace DataFlow.Transforms;

/// <summary>Which records to keep.</summary>
internal sealed record FilterOptions
{
    [Option(
        "A SQL condition; only records for which it is true are kept. Fields are written plain (age) or in double quotes (\"order id\"), "
        + "metadata with an @ (@line_number, @headers.x), texts in single quotes ('it''s'). It knows = <> != < <= > >=, AND, OR, NOT, "
        + "parentheses, IN, LIKE with % and _ and ESCAPE, BETWEEN, IS NULL, TRUE and FALSE. Compared with a number, a field counts as a "
        + "number, exactly and of any length; compared with a text, byte by byte; two fields are compared as numbers when both are "
        + "numbers. A field that the record doesn't have, that is null, or whose text is no number where one is needed makes the "
        + "comparison unknown: neither it nor its NOT keeps the record.",
        Required = true,
        Example = "age >= 18 AND country IN ('CH', 'AT')")]
    public string Condition { get; init; } = "";
}
