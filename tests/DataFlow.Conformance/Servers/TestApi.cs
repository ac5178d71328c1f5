using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace DataFlow.Conformance;

/// <summary>A request as the server saw it.</summary>
internal sealed record SeenRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public string Path => Target.Split('?')[0];
}

/// <summary>A real HTTP server on a free loopback port. It keeps what it was asked.</summary>
internal sealed class TestApi : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<SeenRequest> _seen = new();

    private TestApi(WebApplication app) => _app = app;

    public IReadOnlyList<SeenRequest> Requests => [.. _seen];

    public IEnumerable<string> Targets => _seen.Select(request => request.Target);

    public Uri Address => new(_app.Urls.First());

    /// <summary>Starts a server.</summary>
    /// <param name="answer">Called for each request, with its number from 1.</param>
    /// <param name="certificate">For TLS.</param>
    public static async Task<TestApi> StartAsync(Func<HttpContext, int, Task> answer, X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        }));
        if (certificate is not null)
        {
            builder.WebHost.UseKestrelHttpsConfiguration();
        }

        builder.Logging.ClearProviders();
        var app = builder.Build();
        var api = new TestApi(app);
        var count = 0;
        app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var headers = context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
            api._seen.Enqueue(new SeenRequest(
                context.Request.Method, $"{context.Request.Path}{context.Request.QueryString}", headers, await reader.ReadToEndAsync()));
            await answer(context, Interlocked.Increment(ref count));
        });
        await app.StartAsync();
        return api;
    }

    /// <summary>A server that answers each request with JSON.</summary>
    public static Task<TestApi> OfJsonAsync(Func<HttpContext, int, string> answer) =>
        StartAsync((context, number) => context.JsonAsync(answer(context, number)));

    /// <summary>A server that answers each request with the next of these, and then always with the last.</summary>
    public static Task<TestApi> OfJsonAsync(params string[] answers) => OfJsonAsync((_, number) => answers[Math.Min(number, answers.Length) - 1]);

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}

internal static class TestApiAnswers
{
    public static Task JsonAsync(this HttpContext context, string json, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync(json);
    }

    public static int Number(this HttpContext context, string parameter, int otherwise = 0) =>
        int.TryParse(context.Request.Query[parameter], out var number) ? number : otherwise;

    /// <summary>Records <c>{"id":from,...}</c> as a JSON array.</summary>
    public static string Users(int from, int count) =>
        "[" + string.Join(',', Enumerable.Range(from, count).Select(id => $$"""{"id":{{id}},"name":"user {{id}}"}""")) + "]";
}
