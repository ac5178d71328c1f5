using DataFlow.Cluster;

#pragma warning disable IDE0130 // The usual place for such an extension, found without another using.
namespace Microsoft.Extensions.DependencyInjection;
#pragma warning restore IDE0130

/// <summary>Adds the pipelines of a service to a host.</summary>
public static class ClusterServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="PipelineService"/>, <see cref="LocalRuns"/>, <see cref="DataFlow.Engine.Lifecycle.IServiceStore"/>, health checks
    /// tagged <c>live</c> and <c>ready</c>, and what keeps the pipelines running.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="options">How this process takes part.</param>
    public static IServiceCollection AddDataFlowCluster(this IServiceCollection services, ClusterOptions options) =>
        throw new NotImplementedException();
}
