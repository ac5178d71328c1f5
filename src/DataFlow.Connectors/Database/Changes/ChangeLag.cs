using Microsoft.Extensions.Logging;
using NpgsqlTypes;

namespace DataFlow.Connectors;

/// <summary>
/// Watches how much of its log the server keeps for a slot, also while the sink takes nothing and nobody asks for the next batch: that
/// is when the log grows.
/// </summary>
internal sealed class ChangeLag : IAsyncDisposable
{
    private static readonly TimeSpan WithoutHeartbeat = TimeSpan.FromMinutes(1);

    private readonly ChangeSlot _slot;
    private readonly DatabaseSourceOptions _options;
    private readonly SourceContext _context;
    private readonly DatabaseMetrics _metrics;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _watching;
    private readonly Lock _deciding = new();
    private Task<ConnectorException>? _dropping;

    /// <summary>Begins to watch.</summary>
    public ChangeLag(ChangeSlot slot, DatabaseSourceOptions options, SourceContext context, DatabaseMetrics metrics)
    {
        _slot = slot;
        _options = options;
        _context = context;
        _metrics = metrics;
        _watching = WatchAsync();
    }

    /// <summary>Waits where the slot is being dropped: whoever reads loses its connection by that, and is to know why.</summary>
    /// <exception cref="ConnectorException">The slot was dropped.</exception>
    public async Task ThrowIfDroppedAsync()
    {
        if (Volatile.Read(ref _dropping) is { IsFaulted: false } dropping)
        {
            throw await dropping.ConfigureAwait(false);
        }
    }

    /// <summary>Looks, and does what the options say when it is too much.</summary>
    /// <returns>Where the log ends now.</returns>
    /// <exception cref="ConnectorException">The slot was dropped, as the options want it.</exception>
    public async Task<NpgsqlLogSequenceNumber> CheckAsync(CancellationToken ct)
    {
        var (end, lag) = await _slot.LagAsync(ct).ConfigureAwait(false);
        _metrics.SetSlotLag(lag);
        if (_options.MaxSlotLag.Bytes == 0 || lag <= _options.MaxSlotLag.Bytes)
        {
            return end;
        }

        var sentence = $"The server keeps {new ByteSize(lag)} of its log for the replication slot {_slot.Name}, more than "
            + $"max-slot-lag ({_options.MaxSlotLag}).";
        if (_options.OnSlotLag == SlotLagAction.DropSlot)
        {
            throw await DropOnceAsync(sentence).ConfigureAwait(false);
        }

        _context.Logger.LogWarning("{Sentence} Is the sink slow, or has it stopped?", sentence);
        return end;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
    }

    /// <summary>Once, though two may look at the same time; and again where it has failed.</summary>
    private Task<ConnectorException> DropOnceAsync(string sentence)
    {
        lock (_deciding)
        {
            return _dropping = _dropping is { IsFaulted: false } ? _dropping : DropAsync(sentence);
        }
    }

    /// <summary>To its end, also where whoever reads has ended meanwhile: what was half done would keep the log.</summary>
    private async Task<ConnectorException> DropAsync(string sentence)
    {
        await _slot.DropAsync(CancellationToken.None).ConfigureAwait(false);
        return ConnectorException.User($"{sentence} The slot was dropped (on-slot-lag: drop-slot), so that the disk does not "
            + $"fill. Find out why the sink is slow, then start over with --fresh.");
    }

    private async Task WatchAsync()
    {
        var interval = _options.HeartbeatInterval > TimeSpan.Zero ? _options.HeartbeatInterval : WithoutHeartbeat;
        using var timer = new PeriodicTimer(interval, _context.Time);
        while (await timer.WaitForNextTickAsync(_ending.Token).ConfigureAwait(false))
        {
            try
            {
                await CheckAsync(_ending.Token).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is ConnectorException or System.Data.Common.DbException or IOException or TimeoutException)
            {
                if (Volatile.Read(ref _dropping) is { IsCompletedSuccessfully: true })
                {
                    _context.Logger.LogError("{Failure}", failure.Message);
                    return;
                }

                // Whoever reads finds out by himself that the server is away.
                _context.Logger.LogDebug(failure, "The lag of the replication slot {Slot} could not be read.", _slot.Name);
            }
        }
    }
}
