using System.Threading.Channels;

namespace DataFlow;

/// <summary>
/// Hands batches to whoever reads the stream, one ahead at most: a slow reader slows the source. A batch counts as delivered
/// when the reader has come back for the next one; a commit waits for that.
/// </summary>
internal sealed class StreamSink : ISink
{
    private readonly Channel<RecordBatch> _channel = Channel.CreateBounded<RecordBatch>(1);
    private readonly CancellationTokenSource _abandoned = new();
    private readonly SemaphoreSlim _taken = new(0);
    private int _handed;

    /// <summary>The batches; each belongs to the reader.</summary>
    public ChannelReader<RecordBatch> Batches => _channel.Reader;

    /// <summary>The reader is done with a batch.</summary>
    public void Taken() => _taken.Release();

    /// <summary>The run has ended.</summary>
    public void Complete() => _channel.Writer.TryComplete();

    /// <summary>Nobody reads any more: what was not taken is not delivered.</summary>
    public void Abandon() => _abandoned.Cancel();

    /// <summary>Gives back what nobody has read. After the run.</summary>
    public void ReleaseUnread()
    {
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
            _handed++;
        }
        catch
        {
            batch.Release();
            throw;
        }

        return WriteResult.Written;
    }

    public async ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct)
    {
        for (; _handed > 0; _handed--)
        {
            await _taken.WaitAsync(_abandoned.Token).ConfigureAwait(false);
        }

        return null;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
