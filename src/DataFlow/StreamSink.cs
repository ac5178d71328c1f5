using System.Threading.Channels;

namespace DataFlow;

/// <summary>Hands batches to whoever reads the stream, one ahead at most: a slow reader slows the source.</summary>
internal sealed class StreamSink : ISink
{
    private readonly Channel<RecordBatch> _channel = Channel.CreateBounded<RecordBatch>(1);
    private readonly CancellationTokenSource _abandoned = new();

    /// <summary>The batches; each belongs to the reader.</summary>
    public ChannelReader<RecordBatch> Batches => _channel.Reader;

    /// <summary>The run has ended.</summary>
    public void Complete() => _channel.Writer.TryComplete();

    /// <summary>Nobody reads any more.</summary>
    public void Abandon()
    {
        _abandoned.Cancel();
        while (_channel.Reader.TryRead(out var unread))
        {
            unread.Release();
        }
    }

    public ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct) => ValueTask.FromResult<Checkpoint?>(null);

    public async ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct)
    {
        try
        {
            await _channel.Writer.WriteAsync(batch.Share(), _abandoned.Token).ConfigureAwait(false);
        }
        catch
        {
            batch.Release();
            throw;
        }

        return WriteResult.Written;
    }

    public ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct) => ValueTask.FromResult<string?>(null);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
