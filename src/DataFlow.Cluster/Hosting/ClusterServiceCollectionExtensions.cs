using Akka.Hosting;
using DataFlow;
using DataFlow.Cluster;
using DataFlow.Engine.Lifecycle;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

#pragma warning disable IDE0130 // The usual place for such an extension, found without another using.
namespace Microsoft.Extensions.DependencyInjection;
#pragma warning restore IDE0130

/// <summary>Adds the pipelines of a service to a host.</summary>
public static class ClusterServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="PipelineService"/>, <see cref="LocalRuns"/>, the health checks <c>node</c> (tag <c>ready</c>) and <c>actors</c>
    /// (tag <c>live</c>), and what keeps the pipelines running.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="options">How this process takes part.</param>
    /// <param name="store">Where everything is kept; disposed by whoever made it, after the host.</param>
    /// <param name="catalogue">The kinds that exist.</param>
    public static IServiceCollection AddDataFlowCluster(
        this IServiceCollection services, ClusterOptions options, IServiceStore store, Catalogue catalogue)
    {
        if (options.Nodes == 2)
        {
            throw ConnectorException.User(
                "A cluster of 2 nodes is worse than one node: when either dies the other can't tell whether it is the one that was cut off. Use 1 node, or 3.");
        }

        if (options.Nodes > 2 && options.Nodes % 2 == 0)
        {
            throw ConnectorException.User(
                $"A cluster of {options.Nodes} nodes survives no more deaths than one of {options.Nodes - 1}, and cut into halves it stops as a whole. Use an odd number of nodes.");
        }

        if (options.Nodes > 1 && (options.Database is null || options.Seeds.Count == 0))
        {
            throw ConnectorException.User(
                $"A cluster of {options.Nodes} nodes needs a PostgreSQL database that all of them reach (--database) and the list of nodes to ask for membership (--seed HOST:PORT, the same on all).");
        }

        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton(store);
        services.AddSingleton(catalogue);
        services.AddSingleton(provider => new Node(options, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(new DefinitionReader(catalogue, options));
        services.AddSingleton(provider => new LocalRuns(
            provider.GetRequiredService<Node>(),
            provider.GetRequiredService<DefinitionReader>(),
            store,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<LocalRuns>>()));
        services.AddSingleton<NodeLeases>();
        services.AddSingleton(provider => new EntityServices(
            provider.GetRequiredService<Node>(),
            provider.GetRequiredService<LocalRuns>(),
            provider.GetRequiredService<NodeLeases>(),
            store,
            provider.GetRequiredService<NodeMeter>(),
            provider.GetRequiredService<ILogger<PipelineActor>>()));

        // They start in this order and stop in the opposite one. The name comes first: a second node of it must not come near the
        // cluster. Leases are kept until the last run has drained.
        services.AddHostedService<NodeAnnouncer>();
        services.AddHostedService<LeaseKeeper>();
        services.AddAkka(AkkaSettings.System, (akka, provider) => akka
            .ConfigureLoggers(loggers => loggers.ClearLoggers().AddLoggerFactory(provider.GetRequiredService<ILoggerFactory>()))
            .WithNode(options)
            .WithPipelines(provider.GetRequiredService<EntityServices>));
        services.AddHostedService<Reconciler>();
        services.AddSingleton<NodeMeter>();
        services.AddHostedService(provider => provider.GetRequiredService<NodeMeter>());
        services.AddSingleton<NodeGuard>();
        services.AddHostedService(provider => provider.GetRequiredService<NodeGuard>());
        services.AddHealthChecks().AddCheck<NodeGuard>("node", tags: ["ready"]);
        services.AddSingleton<Members>();
        services.AddSingleton(provider => new PipelineService(
            store,
            provider.GetRequiredService<IRequiredActor<PipelineActor>>(),
            provider.GetRequiredService<DefinitionReader>(),
            provider.GetRequiredService<Node>(),
            provider.GetRequiredService<Members>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<PipelineService>>()));
        return services;
    }
}
