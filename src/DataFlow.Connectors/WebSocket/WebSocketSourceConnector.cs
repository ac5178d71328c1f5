using System.Runtime.CompilerServices;

namespace DataFlow.Connectors;

/// <summary>Receives messages over a WebSocket. A receiver fills a queue, this takes batches out of it.</summary>
internal sealed class WebSocketSourceConnector(SourceSettings settings, WebSocketSourceOptions options)
    : IAcknowledgedSource, IConnectionCheck
{
    /// <summary>The only split.</summary>
    public const string Split = "stream";

    private IMessageQueue? _queue;
    private GapFiller? _filler;

    public async IAsyncEnumerable<RecordBatch> ReadAsync(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(context);
        using var metrics = new WebSocketMetrics(context.PipelineId, context.Time);
        var start = context.PositionOf(Split) is { } stored ? WebSocketPosition.Parse(stored) : new WebSocketPosition(StreamPlace.Start);
        using var queue = _queue = options.Journal
            ? MessageJournal.Open(options, context, start.Place, metrics)
            : new MessageBuffer(options, context, start.Place, metrics);
        var place = queue.Delivered;
        var identity = queue.Identity ?? IdentityOf();
        var rows = new MessageRows(options, context.Logger);
        var health = new StreamHealth(context);
        _filler = options.OnGap is null ? null : new GapFiller(settings, options, context, queue, health, metrics, new WebSocketPosition(place, start.Filling));
        var batches = new StreamBatches(queue, _filler);
        await using var ending = batches.ConfigureAwait(false);
        var receiver = new StreamReceiver(settings, options, context, queue, metrics, health);
        using var abandoned = new CancellationTokenSource();
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var receiving = receiver.RunAsync(leave.Token, abandoned.Token);
        try
        {
            while (await batches.NextAsync().ConfigureAwait(false) is { } batch)
            {
                if (batches.IsFill)
                {
                    _filler!.Take(batch);
                }
                else
                {
                    place = MessageFrame.Follow(place, batch.Data.AsSpan(0, batch.Length), out var bytes);
                    batch.Identity = identity;
                    batch.BytesRead = bytes;
                    batch.Deduplicated = receiver.TakeRepeated();
                    MessageRows.Describe(batch.Metadata, settings, options).Set("source_id", context.SourceId);
                    _filler?.Follow(batch);
                    batch.Defer(rows);
                }

                batch.AdvanceTo(Split, new WebSocketPosition(place, _filler?.State));
                yield return batch;
            }
        }
        finally
        {
            await abandoned.CancelAsync().ConfigureAwait(false);
            await leave.CancelAsync().ConfigureAwait(false);
            await receiving.ConfigureAwait(false);
        }
    }

    public async ValueTask AcknowledgeAsync(IReadOnlyList<Advance> advances, CancellationToken ct)
    {
        var position = (WebSocketPosition)advances[^1].Position;
        _queue?.Acknowledge(position.Place.Number);
        if (_filler is not null && position.Filling is { } filling)
        {
            await _filler.EnterAsync(filling, ct).ConfigureAwait(false);
        }
    }

    public async ValueTask CheckAsync(CancellationToken ct)
    {
        using var socket = await new Handshake(settings, options).OpenAsync(options.CursorStart, worked: false, TimeProvider.System, ct).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Where nothing comes twice, each run's messages are its own; where the server sends them again, they are the stream's.</summary>
    private RecordIdentity IdentityOf() => WebSocketAddress.ResumesFromCursor(settings.Connection, options)
        ? new RecordIdentity($"websocket:{WebSocketAddress.Show(settings.ConfiguredConnection)}", Split)
        : new RecordIdentity($"websocket:{Guid.NewGuid():N}", Split);
}
