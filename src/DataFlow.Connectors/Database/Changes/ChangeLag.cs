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
    private ConnectorException? _dropped;

    /// <summary>Begins to watch.</summary>
    public ChangeLag(ChangeSlot slot, DatabaseSourceOptions options, SourceContext context, DatabaseMetrics metrics)
    {
        _slot = slot;
        _options = options;
        _context = context;
        _metrics = metrics;
        _watching = WatchAsync();
    }

    /// <exception cref="ConnectorException">The slot was dropped.</exception>
    public void ThrowIfDropped()
    {
        if (Volatile.Read(ref _dropped) is { } dropped)
        {
            throw dropped;
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
            var dropped = ConnectorException.User($"{sentence} The slot was dropped (on-slot-lag: drop-slot), so that the disk does not "
                + $"fill. Find out why the sink is slow, then start over with --fresh.");

            // Whoever reads loses its connection by that, and is to know why.
            Volatile.Write(ref _dropped, dropped);
            try
            {
                await _slot.DropAsync(ct).ConfigureAwait(false);
            }
            catch
            {
                Volatile.Write(ref _dropped, null);
                throw;
            }

            throw dropped;
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
                if (Volatile.Read(ref _dropped) is not null)
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
