using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using DataFlow.Formats;

namespace DataFlow.Cluster;

/// <summary>
/// The last transform of a run: shows the records that pass to whoever listens, and changes nothing. Without a listener it costs
/// one comparison per batch. Thread-safe.
/// </summary>
internal sealed class RunTap : ITransform
{
    private const int MostWaiting = 1000;

    // Each one costs the pipeline the writing of its batches.
    private const int MostListeners = 8;

    private readonly NdjsonEncoder _encoder = new(BatchPool.Shared, envelope: true);
    private ImmutableArray<Listener> _listeners = [];
    private bool _isClosed;

    /// <inheritdoc/>
    public RecordBatch Apply(RecordBatch batch)
    {
        var listeners = _listeners;
        if (!listeners.IsEmpty && batch.Count > 0)
        {
            foreach (var listener in listeners.Where(listener => listener.Waiting.Reader.Count < MostWaiting))
            {
                try
                {
                    Show(batch, listener);
                }
                catch (Exception failure)
                {
                    // What goes wrong for one who looks on is his, never the pipeline's.
                    listener.Waiting.Writer.TryComplete(failure);
                }
            }
        }

        return batch;
    }

    /// <summary>Listens until cancelled, or until the tap is closed. See <see cref="LocalRun.ListenAsync"/>.</summary>
    /// <param name="filter">Selects what is shown; null for everything.</param>
    /// <param name="ct">Ends the listening.</param>
    /// <exception cref="RefusalException">Too many listen already.</exception>
    public IAsyncEnumerable<string> ListenAsync(ITransform? filter, CancellationToken ct) => _listeners.Length < MostListeners
        ? ReadAsync(filter, ct)
        : throw new RefusalException(RefusalKind.Unavailable, $"{MostListeners} listen to this pipeline already; try again when one of them has left.");

    private async IAsyncEnumerable<string> ReadAsync(ITransform? filter, [EnumeratorCancellation] CancellationToken ct)
    {
        var listener = new Listener(filter, Channel.CreateBounded<string>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.Wait }));
        ImmutableInterlocked.Update(ref _listeners, listeners => listeners.Add(listener));
        if (Volatile.Read(ref _isClosed))
        {
            listener.Waiting.Writer.TryComplete();
        }

        try
        {
            await foreach (var record in listener.Waiting.Reader.ReadAllAsync(ct).ConfigureAwait(false))
            {
                yield return record;
            }
        }
        finally
        {
            ImmutableInterlocked.Update(ref _listeners, listeners => listeners.Remove(listener));
        }
    }

    /// <summary>Ends all listening: nothing will pass any more.</summary>
    public void Close()
    {
        Volatile.Write(ref _isClosed, true);
        foreach (var listener in _listeners)
        {
            listener.Waiting.Writer.TryComplete();
        }
    }

    private void Show(RecordBatch batch, Listener listener)
    {
        if (listener.Filter is null)
        {
            Offer(batch, listener);
            return;
        }

        // The filter selects rows of the batch itself: the selection of the pipeline is put back afterwards.
        var before = Enumerable.Range(0, batch.Count).Select(batch.RowAt).ToArray();
        try
        {
            Offer(listener.Filter.Apply(batch), listener);
        }
        finally
        {
            batch.Select(before);
        }
    }

    private void Offer(RecordBatch batch, Listener listener)
    {
        using var encoded = _encoder.Encode(batch);
        foreach (var line in encoded.Bytes.Span.Split((byte)'\n'))
        {
            var text = encoded.Bytes.Span[line];
            if (!text.IsEmpty && !listener.Waiting.Writer.TryWrite(Encoding.UTF8.GetString(text)))
            {
                return;
            }
        }
    }

    private sealed record Listener(ITransform? Filter, Channel<string> Waiting);
}
