using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DataFlow.Cluster;

/// <summary>Does something again and again while the host runs. A store that is away is waited for.</summary>
internal abstract class PeriodicService(TimeSpan period, TimeProvider time, ILogger logger) : BackgroundService
{
    /// <summary>For what people should see.</summary>
    protected ILogger Logger { get; } = logger;

    /// <summary>The clock.</summary>
    protected TimeProvider Time { get; } = time;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(period, Time);
        try
        {
            do
            {
                try
                {
                    await DoAsync(stoppingToken).ConfigureAwait(false);
                }
                catch (ConnectorException failure)
                {
                    Logger.StoreAway(failure, failure.Message);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    /// <summary>Does it once.</summary>
    protected abstract Task DoAsync(CancellationToken stop);
}
