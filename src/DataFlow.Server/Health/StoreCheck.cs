using DataFlow.Engine.Lifecycle;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace DataFlow.Server.Health;

/// <summary>Ready while the store answers: without it no request can be answered.</summary>
internal sealed class StoreCheck(IServiceStore store, TimeProvider time) : IHealthCheck
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await store.Nodes.ListAsync(either.Token).AsTask().WaitAsync(either.Token).ConfigureAwait(false);
            return HealthCheckResult.Healthy();
        }
        catch (ConnectorException failure)
        {
            return HealthCheckResult.Unhealthy($"The store can't be used: {failure.Message}");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy($"The store has not answered within {Limit.TotalSeconds:0} s.");
        }
    }
}
