namespace DataFlow.Connectors;

/// <summary>A batch of a producer between its receipt and its delivery. Guarded by its inbox.</summary>
internal sealed class PushedBatch
{
    private readonly TaskCompletionSource<PushReceipt> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public required BatchId Id { get; init; }

    public required ulong Checksum { get; init; }

    /// <summary>The records that are still to be taken; the last part carries the position.</summary>
    public required Queue<RecordBatch> Parts { get; init; }

    public required int Records { get; init; }

    public required int DeadLettered { get; init; }

    /// <summary>Room that it takes in the inbox.</summary>
    public required long Room { get; init; }

    /// <summary>Ends with its delivery or the run's.</summary>
    public Task<PushReceipt> Completion => _done.Task;

    public void Complete(PushOutcome outcome) => _done.TrySetResult(
        outcome == PushOutcome.Delivered ? new PushReceipt(outcome, Records, DeadLettered) : new PushReceipt(outcome));

    /// <summary>Gives the records back that nobody took.</summary>
    public void ReleaseParts()
    {
        while (Parts.TryDequeue(out var part))
        {
            part.Release();
        }
    }
}
