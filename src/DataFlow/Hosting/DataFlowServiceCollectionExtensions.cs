using DataFlow.Engine.State;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

#pragma warning disable IDE0130 // The usual place for such an extension, found without another using.
namespace Microsoft.Extensions.DependencyInjection;
#pragma warning restore IDE0130

/// <summary>Adds DataFlow to an application.</summary>
public static class DataFlowServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="DataFlow.SourceFactory"/>, a health check named <c>dataflow</c>, and whatever pipelines and connectors the
    /// builder adds. Positions are kept in the state directory and found again after a restart, by pipeline id.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">State directory and pipeline files; defaults suit a single application in its own folder.</param>
    public static DataFlow.DataFlowBuilder AddDataFlow(this IServiceCollection services, Action<DataFlow.DataFlowOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddLogging();
        services.AddOptions<DataFlow.DataFlowOptions>();
        if (configure is not null)
        {
            services.Configure(configure);
        }

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new DataFlow.Catalogue(
            [.. DataFlow.BuiltInCatalogue.Instance.Sources, .. provider.GetServices<DataFlow.SourceDefinition>()],
            [.. DataFlow.BuiltInCatalogue.Instance.Sinks, .. provider.GetServices<DataFlow.SinkDefinition>()],
            DataFlow.BuiltInCatalogue.Instance.Transforms));
        services.TryAddSingleton<IStateStore>(provider =>
            SqliteStateStore.Open(provider.GetRequiredService<IOptions<DataFlow.DataFlowOptions>>().Value.StateDirectory, provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<DataFlow.SourceFactory>();
        services.TryAddSingleton<DataFlow.PipelineHost>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, DataFlow.PipelineHost>(
            provider => provider.GetRequiredService<DataFlow.PipelineHost>()));
        services.AddHealthChecks().AddCheck<DataFlow.DataFlowHealthCheck>("dataflow");
        return new DataFlow.DataFlowBuilder(services);
    }
}
