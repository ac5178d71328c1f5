using DataFlow.Cluster;
using DataFlow.Connectors;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;
using DataFlow.Server.Endpoints;
using DataFlow.Server.Health;
using DataFlow.Server.Problems;
using DataFlow.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DataFlow.Server;

/// <summary>A service: its API over HTTP, and this process's part in its cluster. Thread-safe.</summary>
public sealed class DataFlowServer : IAsyncDisposable
{
    // Longer than a pipeline may take to drain, so that a stop is never cut short.
    internal static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(60);

    private readonly WebApplication _app;
    private readonly IServiceStore _store;
    private readonly PipelineLock _lock;

    private DataFlowServer(WebApplication app, IServiceStore store, PipelineLock held, IReadOnlyList<Uri> addresses)
    {
        _lock = held;
        _app = app;
        _store = store;
        Addresses = addresses;
    }

    /// <summary>Where the API is.</summary>
    public IReadOnlyList<Uri> Addresses { get; }

    /// <summary>What the host offers: <see cref="Cluster.PipelineService"/> and the rest.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Cancelled when the service stops by itself: this node was told to leave the cluster.</summary>
    public CancellationToken Stopping => _app.Lifetime.ApplicationStopping;

    /// <summary>Starts a service.</summary>
    /// <param name="options">How it is reached and how it takes part.</param>
    /// <param name="ct">Gives up starting.</param>
    /// <exception cref="ConfigurationException">An option can't be used.</exception>
    /// <exception cref="ConnectorException">A port is taken, or the database can't be used.</exception>
    public static async Task<DataFlowServer> StartAsync(ServerOptions options, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var sockets = ListenSockets.Bind(options.Listen);
        var addresses = sockets.Addresses;
        var cluster = options.Cluster with { Address = Reached(options.Cluster.Address, addresses[0]) };
        var held = PipelineLock.AcquireForService(cluster.StateFolder, TimeProvider.System);
        IServiceStore store;
        try
        {
            store = await ServiceStores.OpenAsync(cluster.StateFolder, cluster.Database, TimeProvider.System, ct).ConfigureAwait(false);
        }
        catch
        {
            held.Dispose();
            throw;
        }

        WebApplication? app = null;
        try
        {
            await LoginRule.CheckAsync(options, store, ct).ConfigureAwait(false);
            app = Build(options with { Cluster = cluster }, sockets, store);
            await app.StartAsync(ct).ConfigureAwait(false);
            return new DataFlowServer(app, store, held, addresses);
        }
        catch
        {
            if (app is not null)
            {
                await app.DisposeAsync().ConfigureAwait(false);
            }

            await store.DisposeAsync().ConfigureAwait(false);
            held.Dispose();
            throw;
        }
    }

    /// <summary>Leaves the cluster in order: the pipelines of this node stop intake, drain, commit, and go on elsewhere.</summary>
    public Task StopAsync(CancellationToken ct) => _app.StopAsync(ct);

    /// <summary>Frees everything; stops it first when it runs.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync().ConfigureAwait(false);
        await _store.DisposeAsync().ConfigureAwait(false);
        _lock.Dispose();
    }

    private static WebApplication Build(ServerOptions options, ListenSockets sockets, IServiceStore store)
    {
        // Empty: what a service does is said by its options, not by files and variables of the framework.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = typeof(DataFlowServer).Assembly.GetName().Name });
        if (options.Settings is { } settings)
        {
            builder.Configuration.AddConfiguration(settings);
        }

        options.Logging?.Invoke(builder.Logging);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.Services.AddSingleton<IHostLifetime, CallerLifetime>();
        builder.Services.Configure<SocketTransportOptions>(transport => transport.CreateBoundListenSocket = sockets.Take);
        var certificate = options.Security.Tls is { } tls ? new ServerCertificate(tls, TimeProvider.System) : null;
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxRequestBytes;
            foreach (var (endPoint, isTls) in sockets.EndPoints.ToList())
            {
                kestrel.Listen(endPoint, listen =>
                {
                    if (isTls)
                    {
                        var logger = listen.ApplicationServices.GetRequiredService<ILogger<DataFlowServer>>();
                        listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(certificate!.Options(logger)) });
                    }
                });
            }
        });
        builder.Services.AddSingleton(options);
        var inboxes = new PushInboxes();
        builder.Services.AddSingleton(inboxes);
        builder.Services.AddDataFlowCluster(options.Cluster, store, inboxes.ConnectTo(options.Catalogue));
        builder.AddTelemetry(options);
        builder.Services.AddSecurity(options);
        builder.Services.AddHealth();
        builder.Services.AddApi();
        var app = builder.Build();
        app.UseProblems();
        app.UseSecurity();
        app.MapHealth();
        app.MapTelemetry();
        app.MapApi();
        return app;
    }

    private static Uri Reached(Uri address, Uri listening) => address.Port == 0 ? new UriBuilder(address) { Port = listening.Port }.Uri : address;

    /// <summary>Whoever started the service stops it; it listens to no signals by itself.</summary>
    private sealed class CallerLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
