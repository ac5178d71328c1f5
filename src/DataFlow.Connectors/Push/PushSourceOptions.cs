using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>Options of the push source: how the pushed bodies are read, and how much may wait.</summary>
internal sealed record PushSourceOptions : FormatOptions
{
    /// <summary>Creates the defaults: JSON lines, and a bad one is a dead letter.</summary>
    public PushSourceOptions() => (Format, OnInvalidJson) = (RecordFormat.Json, InvalidJsonPolicy.DeadLetter);

    [Option("Most bytes of bodies that are received and not delivered yet. While it is reached, producers are told to wait (429).")]
    [OptionRange(1 << 10, 1 << 30)]
    public ByteSize InboxBytes { get; init; } = ByteSize.MiB(64);

    [Option("Longest wait of a producer for the delivery of its batch. Afterwards it is told to send the batch again (503), which brings nothing twice where it has a Batch-Id.")]
    [OptionRange(1, 600_000)]
    public TimeSpan AnswerWithin { get; init; } = TimeSpan.FromSeconds(30);

    [Option("Most producers whose last batch is remembered. When another one comes, the one that was silent for the longest time is forgotten, if that was at least forget-after; until there is one, the new one is refused (409).")]
    [OptionRange(1, 100_000)]
    public int MaxProducers { get; init; } = 10_000;

    [Option("Time that a producer has to be silent before it may be forgotten. Longer than the longest pause after which a producer may send a batch again: a forgotten one begins at 1 again, and nothing that it had sent is recognised.")]
    [OptionRange(1, 315_360_000_000)]
    public TimeSpan ForgetAfter { get; init; } = TimeSpan.FromDays(30);

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate()
    {
        foreach (var problem in base.Validate())
        {
            yield return problem;
        }

        if (!Encoding.Equals("UTF-8", StringComparison.OrdinalIgnoreCase) && !Encoding.Equals("UTF8", StringComparison.OrdinalIgnoreCase))
        {
            yield return new OptionProblem("encoding", $"'{Encoding}' is not read here: what is pushed is UTF-8; let the producer send that.");
        }
    }
}
