using DataFlow.Client;
using DataFlow.Formats;

namespace DataFlow;

/// <summary>Pushes into a pipeline of a service. A commit waits until the service has delivered what was sent.</summary>
internal sealed class PipelineClientSink(PipelineClient client) : ISink
{
    private static readonly NdjsonEncoder Encoder = new(BatchPool.Shared);

    public ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct) => ValueTask.FromResult<Checkpoint?>(null);

    public async ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct)
    {
        using var encoded = Encoder.Encode(batch);
        try
        {
            var left = encoded.Bytes;
            while (left.Span.IndexOf((byte)'\n') is >= 0 and var end)
            {
                await client.SendJsonAsync(left[..end], ct).ConfigureAwait(false);
                left = left[(end + 1)..];
            }
        }
        catch (PipelineClientException refused)
        {
            throw Refused(refused);
        }

        return new WriteResult([.. encoded.Refused]);
    }

    public async ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct)
    {
        try
        {
            await client.FlushAsync(ct).ConfigureAwait(false);
            return null;
        }
        catch (PipelineClientException refused)
        {
            throw Refused(refused);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private ConnectorException Refused(PipelineClientException refused) =>
        ConnectorException.User($"Pipeline '{client.Pipeline}' of the service takes no more records: {refused.Message}", refused);
}
