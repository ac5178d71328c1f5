using Microsoft.Extensions.Logging;

namespace DataFlow.Engine.Telemetry;

/// <summary>
/// Logs failed connections, in order, on threads of the pool: a source may report them on a thread that serves others and can't
/// wait for a terminal or pipe that nobody reads. What comes while too many lines wait is left to the metric. Thread-safe.
/// </summary>
internal sealed class ConnectionLog(ILogger logger, string sourceId)
{
    private const int Most = 100;

    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private Task _last = Task.CompletedTask;
    private int _waiting;

    /// <summary>Logs a failure. Returns at once.</summary>
    public void Say(Exception failure)
    {
        lock (_gate)
        {
            if (_waiting == Most)
            {
                return;
            }

            _waiting++;
            _last = SayAfterAsync(_last, failure);
        }
    }

    /// <summary>Waits until all is written, but not for a log that takes nothing.</summary>
    public async Task EndAsync()
    {
        Task last;
        lock (_gate)
        {
            last = _last;
        }

        await Task.WhenAny(last, Task.Delay(LongestEnd, TimeProvider.System)).ConfigureAwait(false);
    }

    private async Task SayAfterAsync(Task before, Exception failure)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            logger.ConnectionFailed(failure, sourceId, failure.Message);
        }
        finally
        {
            lock (_gate)
            {
                _waiting--;
            }
        }
    }
}
