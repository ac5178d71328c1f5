using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace DataFlow;

/// <summary>Unhealthy while a source or pipeline of this application is; says which and why.</summary>
/// <param name="sources">Sources made by the application.</param>
/// <param name="pipelines">Pipelines that the application runs.</param>
public sealed class DataFlowHealthCheck(SourceFactory sources, PipelineHost pipelines) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        string[] sick =
        [
            .. sources.Sources.Where(source => !source.IsHealthy).Select(source => $"{source.SourceId}: {source.HealthReason}"),
            .. pipelines.Refusals,
            .. pipelines.Runs.Where(run => !run.Progress.IsHealthy).Select(run => $"{run.SourceId}: {run.Progress.Reason}"),
        ];
        return Task.FromResult(sick.Length == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(string.Join("; ", sick)));
    }
}
