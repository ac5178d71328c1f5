using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using DataFlow.Cluster;
using DataFlow.Conformance;
using DataFlow.Server;
using Microsoft.Extensions.DependencyInjection;

namespace DataFlow.IntegrationTests.Service;

/// <summary>A service of one node in this process, asked over real HTTP. One per class of tests, whose pipelines have names of their own.</summary>
public sealed class TestService : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private DataFlowServer? _server;

    public HttpClient Client { get; } = new() { Timeout = TimeSpan.FromMinutes(2) };

    public Uri Address => _server!.Addresses[0];

    public string Folder => _folder.Path;

    public IServiceProvider Services => _server!.Services;

    internal PipelineService Pipelines => Services.GetRequiredService<PipelineService>();

    public async ValueTask InitializeAsync()
    {
        _server = await DataFlowServer.StartAsync(
            new ServerOptions
            {
                Listen = [new Uri("http://127.0.0.1:0")],
                Cluster = new ClusterOptions { Address = new Uri("http://127.0.0.1:0"), StateFolder = _folder["state"], Root = _folder.Path },
            },
            TestContext.Current.CancellationToken);
        Client.BaseAddress ??= _server.Addresses[0];
    }

    /// <summary>Stops the service and starts it again on its state, at another address.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Client.Dispose();
        _folder.Dispose();
    }

    public string PathOf(string file) => _folder[file];

    public void Write(string file, string text) => _folder.Write(file, text);

    /// <summary>Sends a request.</summary>
    public async Task<Answer> SendAsync(HttpMethod method, string path, string? body = null, string type = "application/yaml", string? ifMatch = null, string? accept = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Address, path));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        }

        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        if (accept is not null)
        {
            request.Headers.Accept.ParseAdd(accept);
        }

        using var response = await Client.SendAsync(request, TestContext.Current.CancellationToken);
        return await Answer.OfAsync(response);
    }

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<Answer> PostAsync(string path, string? json = null) => SendAsync(HttpMethod.Post, path, json, "application/json");

    /// <summary>Adds a pipeline.</summary>
    public async Task<Answer> AddAsync(string definition, bool start = false) =>
        (await SendAsync(HttpMethod.Post, $"pipelines?start={start}", definition)).Is(HttpStatusCode.Created);

    /// <summary>Waits until a pipeline is in a state.</summary>
    public Task ReachesAsync(string name, string state) => Eventually.IsAsync(async () =>
    {
        var answer = await GetAsync($"pipelines/{name}");
        return (answer.Json["state"]?.GetValue<string>() == state, answer.Text);
    });

    private async Task StopAsync()
    {
        if (_server is not null)
        {
            await _server.StopAsync(CancellationToken.None);
            await _server.DisposeAsync();
            _server = null;
        }
    }
}

/// <summary>What a service answered.</summary>
public sealed record Answer(HttpStatusCode Status, string Text, string? Type, string? ETag, HttpResponseHeaders Headers)
{
    public JsonNode Json => JsonNode.Parse(Text)!;

    /// <summary>The sentence of a problem.</summary>
    public string Detail => Json["detail"]!.GetValue<string>();

    public static async Task<Answer> OfAsync(HttpResponseMessage response) => new(
        response.StatusCode,
        await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
        response.Content.Headers.ContentType?.MediaType,
        response.Headers.ETag?.ToString(),
        response.Headers);

    public Answer Is(HttpStatusCode status)
    {
        Assert.True(Status == status, $"{(int)Status} instead of {(int)status}: {Text}");
        return this;
    }

    /// <summary>It is a problem of a kind, with these words in its sentence.</summary>
    public Answer IsProblem(HttpStatusCode status, string kind, params string[] words)
    {
        Is(status);
        Assert.Equal("application/problem+json", Type);
        Assert.Equal($"urn:dataflow:problem:{kind}", Json["type"]!.GetValue<string>());
        Assert.Equal((int)status, Json["status"]!.GetValue<int>());
        Assert.NotEmpty(Json["title"]!.GetValue<string>());
        Assert.All(words, word => Assert.Contains(word, Detail, StringComparison.Ordinal));
        return this;
    }
}
