using Confluent.Kafka;

namespace DataFlow.Connectors;

/// <summary>
/// The transaction in which everything between two commits is written. Whether it has failed is asked for, because the client
/// tells nobody: messages that wait would only time out.
/// </summary>
internal sealed class KafkaTransaction(IProducer<Null, Null> client, TimeSpan limit, TimeProvider time)
{
    private const long NotBegun = long.MinValue;

    private static readonly TimeSpan AbortLimit = TimeSpan.FromSeconds(10);

    private long _begun = NotBegun;

    /// <summary>True between the first message and the commit.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>True when brokers have given up a transaction that was open for so long: they lock the producer out then, as they do with a rival.</summary>
    public bool IsOverdue => _begun != NotBegun && time.GetElapsedTime(_begun) >= limit;

    /// <summary>Why the transaction can't be committed any more; null while it can.</summary>
    public Error? Fault
    {
        get
        {
            if (!IsOpen)
            {
                return null;
            }

            try
            {
                // The client refuses this within a transaction; with which error tells the transaction's state.
                client.BeginTransaction();
                return null;
            }
            catch (KafkaException exception)
            {
                return exception.Error.Code == ErrorCode.Local_State ? null : exception.Error;
            }
        }
    }

    /// <summary>Opens the transaction, unless it is open.</summary>
    /// <exception cref="KafkaException">The client can't.</exception>
    public void Begin()
    {
        if (!IsOpen)
        {
            client.BeginTransaction();
            _begun = time.GetTimestamp();
            IsOpen = true;
        }
    }

    /// <exception cref="KafkaException">Nothing is committed, or it is not known.</exception>
    public void Commit()
    {
        client.CommitTransaction(limit);
        IsOpen = false;
        _begun = NotBegun;
    }

    /// <summary>
    /// Takes back what was written, and gives up the messages that wait. When it fails the transaction ends by itself: at the
    /// next start, or when the brokers' time for it is over.
    /// </summary>
    /// <returns>Why it failed; null when it did not.</returns>
    public Error? Abort()
    {
        if (!IsOpen)
        {
            return null;
        }

        IsOpen = false;
        try
        {
            client.AbortTransaction(AbortLimit);
            return null;
        }
        catch (KafkaException exception)
        {
            return exception.Error;
        }
    }
}
