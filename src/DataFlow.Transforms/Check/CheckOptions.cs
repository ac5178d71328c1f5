namespace DataFlow.Transforms;

/// <summary>What to do with a record that does not meet a rule.</summary>
internal enum FailedCheckPolicy
{
    /// <summary>It becomes a dead letter that says which rule it failed; the others go on.</summary>
    DeadLetter,

    /// <summary>The pipeline stops; nothing is committed of the batch that the record is in.</summary>
    Fail,
}

/// <summary>What records have to be like.</summary>
internal sealed record CheckOptions
{
    [Option(
        "Rules by name, each a SQL condition as filter knows it. A record passes when all of them are true; a field that is missing, "
        + "null, or no number where one is needed makes a rule unknown, which is not true.",
        Required = true,
        Example = "{ positive-amount: \"amount > 0\", known-country: \"country IN ('CH', 'AT')\" }")]
    public IReadOnlyDictionary<string, string>? Rules { get; init; }

    [Option("What becomes of a record that does not pass. It is never dropped without a trace.")]
    public FailedCheckPolicy OnFail { get; init; } = FailedCheckPolicy.DeadLetter;
}
