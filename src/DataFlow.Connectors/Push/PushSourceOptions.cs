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
    [OptionRange(1, 600)]
    public TimeSpan AnswerWithin { get; init; } = TimeSpan.FromSeconds(30);

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
