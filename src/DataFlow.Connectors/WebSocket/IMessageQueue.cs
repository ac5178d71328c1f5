namespace DataFlow.Connectors;

/// <summary>
/// Bounded, between the connection that receives messages and the pipeline that takes them in batches. One side each, at the same
/// time.
/// </summary>
internal interface IMessageQueue : IDisposable
{
    /// <summary>How far it is delivered: the messages after it are taken next. Its numbers are those of this queue.</summary>
    StreamPlace Delivered { get; }

    /// <summary>Where the stream goes on: after the last message that is here from before.</summary>
    StreamPlace Start { get; }

    /// <summary>Number of the last message that was added. From any thread.</summary>
    long Last { get; }

    /// <summary>What the messages' own identity belongs to where the queue gives them their numbers for good; null otherwise.</summary>
    RecordIdentity? Identity => null;

    /// <summary>What was here from before and is damaged.</summary>
    IReadOnlyList<SourceGap> Lost => [];

    /// <summary>What is <see cref="Lost"/> is in the ledger.</summary>
    void LostIsKnown()
    {
    }

    /// <summary>Adds a message; waits for room, or makes some, when it is full.</summary>
    /// <param name="frame">Its <see cref="MessageFrame.Length"/> is the message's.</param>
    /// <param name="message">Copied.</param>
    /// <param name="abandoned">Nobody takes messages any more.</param>
    ValueTask AddAsync(MessageFrame frame, ReadOnlyMemory<byte> message, CancellationToken abandoned);

    /// <summary>No more messages come.</summary>
    /// <param name="error">Thrown by <see cref="TakeAsync"/> after the last message.</param>
    void Complete(Exception? error);

    /// <summary>A full batch, or what has waited long enough; null at the end. The buffer holds frames and messages. The caller owns it.</summary>
    ValueTask<RecordBatch?> TakeAsync();

    /// <summary>Messages up to this number are safely delivered.</summary>
    void Acknowledge(long number);
}
