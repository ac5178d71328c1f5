using DataFlow.Cluster;
using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DataFlow.IntegrationTests.Cluster;

/// <summary>A node of a service in this process, without the HTTP server.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    public const string By = "test";

    private readonly IHost _host;
    private readonly IServiceStore _store;
    private readonly bool _ownsStore;
    private bool _isStopped;

    private TestNode(IHost host, IServiceStore store, bool ownsStore)
    {
        _ownsStore = ownsStore;
        _host = host;
        _store = store;
    }

    public PipelineService Pipelines => _host.Services.GetRequiredService<PipelineService>();

    public LocalRuns Runs => _host.Services.GetRequiredService<LocalRuns>();

    public IServiceStore Store => _store;

    public IServiceProvider Services => _host.Services;

    /// <summary>Starts a single node with its state in a folder.</summary>
    public static Task<TestNode> StartAsync(string folder, Catalogue? catalogue = null, TimeProvider? time = null) => StartAsync(
        new ClusterOptions { Address = new Uri("http://127.0.0.1:1"), StateFolder = Path.Combine(folder, "state"), Root = folder },
        SqliteServiceStore.Open(Path.Combine(folder, "state"), time ?? TimeProvider.System),
        ownsStore: true,
        catalogue ?? BuiltInCatalogue.Instance,
        time);

    /// <summary>Starts a node that shares its store with others.</summary>
    public static Task<TestNode> StartAsync(ClusterOptions options, IServiceStore store) => StartAsync(options, store, ownsStore: false, BuiltInCatalogue.Instance);

    private static async Task<TestNode> StartAsync(
        ClusterOptions options, IServiceStore store, bool ownsStore, Catalogue catalogue, TimeProvider? time = null)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddDataFlowCluster(options, store, catalogue);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(60));
        var node = new TestNode(builder.Build(), store, ownsStore);
        await node._host.StartAsync();
        return node;
    }

    /// <summary>Leaves in order.</summary>
    public async Task StopAsync()
    {
        _isStopped = true;
        await _host.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_isStopped)
        {
            await StopAsync();
        }

        _host.Dispose();
        if (_ownsStore)
        {
            await _store.DisposeAsync();
        }
    }
}
