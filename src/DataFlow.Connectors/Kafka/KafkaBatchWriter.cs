using Confluent.Kafka;

namespace DataFlow.Connectors;

/// <summary>
/// Writes batches through a producer: waits for all answers, and sorts out what was refused for good from what fails the batch.
/// One batch at a time.
/// </summary>
/// <param name="producer">Sends. Not disposed.</param>
/// <param name="transaction">The transaction that is open while batches are written; null without transactions.</param>
/// <param name="outgoing">Makes messages of records.</param>
/// <param name="known">What was refused since the last commit; outlives the writer.</param>
/// <param name="isOneTopic">All records go to one topic.</param>
/// <param name="time">The clock.</param>
/// <param name="failureOf">What an error means for the run.</param>
internal sealed class KafkaBatchWriter(
    KafkaProducer producer,
    KafkaTransaction? transaction,
    KafkaOutgoing outgoing,
    KafkaKnownRefusals known,
    bool isOneTopic,
    TimeProvider time,
    Func<Error, ConnectorException> failureOf)
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);

    /// <summary>Writes a batch, which stays the caller's.</summary>
    /// <returns>The records that are refused for good; all others are written.</returns>
    /// <exception cref="ConnectorException">The write failed as a whole.</exception>
    public async Task<IReadOnlyList<RefusedRow>> WriteAsync(RecordBatch batch)
    {
        var refused = new List<RefusedRow>();
        using var messages = outgoing;
        messages.Take(batch, refused);
        var failure = known.IsOneByOne
            ? await Task.Run(() => SendAloneAsync(refused)).ConfigureAwait(false)
            : await SendTogetherAsync(refused).ConfigureAwait(false);
        if (failure is not null)
        {
            await SortOutAsync(refused, failure).ConfigureAwait(false);
        }

        return refused;
    }

    /// <summary>Sends a message that is made of no record.</summary>
    /// <returns>Why it failed; null when it is written.</returns>
    public async Task<Error?> SendAsync(KafkaMessage message, byte[] value)
    {
        producer.Deliveries.Begin(1);
        var notTaken = producer.Send(message, value, isNull: false, number: 0);
        return await AnswersAsync(producer.Deliveries, notTaken).ConfigureAwait(false);
    }

    /// <returns>Why one of the messages failed; null when none did.</returns>
    private async Task<Error?> SendTogetherAsync(List<RefusedRow> refused)
    {
        var deliveries = producer.Deliveries;
        deliveries.Begin(outgoing.Count);
        Error? notTaken = null;
        for (var number = 0; number < outgoing.Count && notTaken is null; number++)
        {
            notTaken = Send(number, refused);
        }

        return await AnswersAsync(deliveries, notTaken).ConfigureAwait(false);
    }

    /// <summary>Waits for the answers; in a transaction that has failed what still waits is given up.</summary>
    /// <returns>What went wrong first; null when nothing did.</returns>
    private async Task<Error?> AnswersAsync(KafkaDeliveries deliveries, Error? notTaken)
    {
        deliveries.End(out var all, out var firstFailure);
        if (transaction is null)
        {
            await all.ConfigureAwait(false);
            return Telling(deliveries, notTaken);
        }

        Error? fault = null;
        while (!all.IsCompleted && !firstFailure.IsCompleted && (fault = producer.FatalError ?? transaction.Fault) is null)
        {
            await Task.WhenAny(all, firstFailure, Task.Delay(BetweenLooks, time)).ConfigureAwait(false);
        }

        fault ??= firstFailure.IsCompleted || notTaken is not null ? producer.FatalError ?? transaction.Fault : null;
        if (fault is not null || firstFailure.IsCompleted)
        {
            await Task.Run(transaction.Abort).ConfigureAwait(false);
            await all.ConfigureAwait(false);
        }

        return fault ?? Telling(deliveries, notTaken);
    }

    /// <summary>Of all failures the one that says most: what fails the batch before what concerns a message, and causes before consequences.</summary>
    private Error? Telling(KafkaDeliveries deliveries, Error? notTaken) => deliveries.Failed.Values
        .Concat(notTaken is null ? [] : [notTaken])
        .OrderBy(error => KafkaRefusals.IsConsequence(error) ? 2 : KafkaRefusals.IsOfMessage(error, isOneTopic) ? 1 : 0)
        .FirstOrDefault();

    /// <returns>Why the batch fails; null when the message is on its way or its record is refused.</returns>
    private Error? Send(int number, List<RefusedRow> refused)
    {
        if (known.Refused.Count > 0 && known.Refused.TryGetValue(outgoing.DeliveryIdOf(number), out var before))
        {
            refused.Add(before with { Row = outgoing.RowOf(number) });
            return null;
        }

        if (outgoing.Send(number, producer, out var error) is { } unmapped)
        {
            refused.Add(unmapped);
            return null;
        }

        if (error is not null && KafkaRefusals.IsOfMessage(error, isOneTopic))
        {
            refused.Add(KafkaRefusals.Of(outgoing.RowOf(number), error));
            return null;
        }

        return error;
    }

    private async Task SortOutAsync(List<RefusedRow> refused, Error failure)
    {
        if (!KafkaRefusals.IsOfMessage(failure, isOneTopic))
        {
            throw failureOf(failure);
        }

        if (transaction is null)
        {
            await Task.Run(() => RepeatAloneAsync(refused)).ConfigureAwait(false);
            return;
        }

        try
        {
            await Task.Run(() => FindRefusedAsync(transaction)).ConfigureAwait(false);
        }
        catch (KafkaException exception)
        {
            throw failureOf(exception.Error);
        }

        known.IsOneByOne = true;
        throw ConnectorException.External(
            $"A message was refused within the transaction, which is void with it ({KafkaFaults.Reason(failure)}). "
            + "What was written since the last commit is written again, without the messages that are refused; they are dead letters then.");
    }

    /// <summary>
    /// Messages are refused together with those that were sent with them: each of them gets its chance alone. Those behind one that
    /// is accepted now are sent again too, because in their partition the order counts for more than a double.
    /// </summary>
    private async Task RepeatAloneAsync(List<RefusedRow> refused)
    {
        var failed = producer.Deliveries.Failed.Keys.ToHashSet();
        var places = Enumerable.Range(0, outgoing.Count).Select(producer.Deliveries.PlaceOf).ToArray();
        var overtaken = new HashSet<(nint, int)>();
        for (var number = failed.Min(); number < outgoing.Count; number++)
        {
            var hasFailed = failed.Contains(number);
            if (!hasFailed && !overtaken.Contains(places[number]))
            {
                continue;
            }

            if (await RefusedAloneAsync(number).ConfigureAwait(false) is { } row)
            {
                refused.Add(row);
            }
            else
            {
                overtaken.Add(places[number]);
            }
        }
    }

    /// <summary>Tries every message of the batch alone, in transactions that are all taken back, and keeps in mind which are refused.</summary>
    private async Task FindRefusedAsync(KafkaTransaction probe)
    {
        for (var number = 0; number < outgoing.Count; number++)
        {
            probe.Begin();
            if (await RefusedAloneAsync(number).ConfigureAwait(false) is { } row)
            {
                known.Refused[outgoing.DeliveryIdOf(number)] = row;
            }
        }

        probe.Abort();
    }

    /// <returns>The record that is refused for good, by the client at once or by the brokers; null when its message is accepted alone.</returns>
    /// <exception cref="ConnectorException">The message failed without being refused for good.</exception>
    private async Task<RefusedRow?> RefusedAloneAsync(int number)
    {
        var refused = new List<RefusedRow>(1);
        if (await SendAloneAsync(number, refused).ConfigureAwait(false) is { } error)
        {
            return KafkaRefusals.IsOfMessage(error, isOneTopic) ? KafkaRefusals.Of(outgoing.RowOf(number), error) : throw failureOf(error);
        }

        return refused is [var row] ? row : null;
    }

    private async Task<Error?> SendAloneAsync(List<RefusedRow> refused)
    {
        for (var number = 0; number < outgoing.Count; number++)
        {
            if (await SendAloneAsync(number, refused).ConfigureAwait(false) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private async Task<Error?> SendAloneAsync(int number, List<RefusedRow> refused)
    {
        producer.Deliveries.Begin(outgoing.Count);
        var notTaken = Send(number, refused);

        // Without this a message waits for others to go with.
        producer.Client.Flush(TimeSpan.FromMilliseconds(1));
        return await AnswersAsync(producer.Deliveries, notTaken).ConfigureAwait(false);
    }
}
