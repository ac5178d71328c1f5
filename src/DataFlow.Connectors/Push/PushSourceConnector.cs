using System.Runtime.CompilerServices;

namespace DataFlow.Connectors;

/// <summary>
/// Takes what producers push into the inbox of its pipeline. A batch of a producer is committed as a whole or not at all, and its
/// producer learns of it when the commit is durable. What is not delivered by then is read again by being pushed again.
/// </summary>
internal sealed class PushSourceConnector(SourceSettings settings, PushSourceOptions options, PushInboxes? inboxes) : IAcknowledgedSource
{
    private PushInbox? _inbox;

    public async IAsyncEnumerable<RecordBatch> ReadAsync(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (inboxes is null)
        {
            throw ConnectorException.User(
                "The push source takes what is sent to POST /pipelines/{name}/batches of a service, and there is no service here; start the pipeline with 'dataflow serve'.");
        }

        var inbox = _inbox = inboxes.Open(options, context, needsId: settings.Delivery == DeliveryGuarantee.EffectivelyOnce);
        try
        {
            context.CaughtUp();
            while (await inbox.TakeAsync(stop).ConfigureAwait(false) is { } batch)
            {
                yield return batch;
                if (inbox.IsEmpty)
                {
                    context.CaughtUp();
                }
            }
        }
        finally
        {
            inboxes.Remove(context.PipelineId, inbox);
            inbox.StopIntake();
        }
    }

    public ValueTask AcknowledgeAsync(IReadOnlyList<Advance> advances, CancellationToken ct)
    {
        _inbox?.Acknowledge(advances);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _inbox?.Close();
        return ValueTask.CompletedTask;
    }
}
