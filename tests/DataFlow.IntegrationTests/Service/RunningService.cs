using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using DataFlow.Cluster;
using DataFlow.Conformance;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;
using DataFlow.Server;
using Microsoft.Extensions.DependencyInjection;

namespace DataFlow.IntegrationTests.Service;

/// <summary>A service of one node in this process, on a free port, asked over real HTTP.</summary>
internal sealed class RunningService : IAsyncDisposable
{
    private readonly DataFlowServer _server;

    private RunningService(DataFlowServer server)
    {
        _server = server;
        Client = new HttpClient { BaseAddress = Address };
    }

    /// <summary>Asks without credentials.</summary>
    public HttpClient Client { get; }

    public Uri Address => new UriBuilder(_server.Addresses[0]) { Host = "127.0.0.1" }.Uri;

    public IServiceProvider Services => _server.Services;

    public PipelineService Pipelines => Services.GetRequiredService<PipelineService>();

    /// <summary>Starts one with its state and root in a folder.</summary>
    public static async Task<RunningService> StartAsync(
        TemporaryFolder folder, SecurityOptions? security = null, string listen = "http://127.0.0.1:0", Func<ServerOptions, ServerOptions>? change = null)
    {
        var options = new ServerOptions
        {
            Listen = [new Uri(listen)],
            Security = security ?? new SecurityOptions(),
            Cluster = new ClusterOptions
            {
                Address = new Uri("http://127.0.0.1:0"),
                StateFolder = folder["state"],
                Root = folder.Path,
                Confinement = new Confinement([folder.Path], [folder["state"]], plugins: [], ["DATAFLOW_*"], ["DATAFLOW_DATABASE"]),
            },
        };
        return new RunningService(await DataFlowServer.StartAsync(change?.Invoke(options) ?? options, CancellationToken.None));
    }

    /// <summary>Puts a key into the store of a service that does not run yet.</summary>
    public static async Task<string> KeyAsync(TemporaryFolder folder, string name, bool mayWrite)
    {
        var secret = KeySecret.Create();
        await using var store = SqliteServiceStore.Open(folder["state"], TimeProvider.System);
        Assert.True(await store.Keys.AddAsync(new ApiKey(name, KeySecret.HashOf(secret), mayWrite, DateTimeOffset.UnixEpoch), default));
        return secret;
    }

    public static StringContent Yaml(string text) => new(text, Encoding.UTF8, "application/yaml");

    /// <summary>Asks with a key or token.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? credentials = null, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (credentials is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", credentials);
        }

        return await Client.SendAsync(request);
    }

    /// <summary>Adds a pipeline and starts it.</summary>
    public async Task AddAsync(string yaml)
    {
        using var answer = await Client.PostAsync("/pipelines?start=true", Yaml(yaml));
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    public async Task<JsonNode> GetAsync(string path) => (await Client.GetFromJsonAsync<JsonNode>(path))!;

    /// <summary>Waits until <c>/metrics</c> says something.</summary>
    public async Task<string> MetricsAsync(Func<string, bool> says)
    {
        var metrics = "";
        await Eventually.IsAsync(async () =>
        {
            metrics = await Client.GetStringAsync("/metrics");
            return (says(metrics), metrics);
        });
        return metrics;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
    }
}
