using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace DataFlow.Conformance;

/// <summary>A real WebSocket server on a free loopback port. It keeps what it was asked. Thread-safe.</summary>
internal sealed class WebSocketServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<UpgradeRequest> _requests = new();
    private readonly ConcurrentDictionary<HttpContext, byte> _open = new();
    private readonly CancellationTokenSource _closing = new();

    private WebSocketServer(WebApplication app) => _app = app;

    /// <summary>Requests so far, refused ones included.</summary>
    public IReadOnlyList<UpgradeRequest> Requests => [.. _requests];

    /// <summary>Where it listens, without a path: <c>ws://127.0.0.1:5000</c>.</summary>
    public string Address => _app.Urls.First().Replace("http", "ws", StringComparison.Ordinal);

    public int Port => new Uri(_app.Urls.First()).Port;

    /// <summary>Connections that are open.</summary>
    public int OpenConnections => _open.Count;

    /// <summary>Starts a server.</summary>
    /// <param name="talk">Called for each connection, which ends with it.</param>
    /// <param name="refuse">The status to answer with instead of 101; 0 to accept. Called with the number of the request, from 1.</param>
    /// <param name="certificate">For TLS.</param>
    /// <param name="port">0 for a free one.</param>
    public static async Task<WebSocketServer> StartAsync(
        Func<ServerConnection, Task> talk, Func<int, int>? refuse = null, X509Certificate2? certificate = null, int port = 0)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen =>
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
        var server = new WebSocketServer(app);
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.Zero });
        app.Run(context => server.AnswerAsync(context, talk, refuse));
        await app.StartAsync();
        return server;
    }

    /// <summary>Cuts all connections without a farewell.</summary>
    public void Cut()
    {
        foreach (var context in _open.Keys)
        {
            try
            {
                context.Abort();
            }
            catch (ObjectDisposedException)
            {
                // It has ended by itself in this moment.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        Cut();
        await _app.StopAsync(_closing.Token);
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context, Func<ServerConnection, Task> talk, Func<int, int>? refuse)
    {
        _requests.Enqueue(new UpgradeRequest(
            $"{context.Request.Path}{context.Request.QueryString}",
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
        if ((refuse?.Invoke(_requests.Count) ?? 0) is > 0 and var status)
        {
            context.Response.StatusCode = status;
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { DangerousEnableCompression = true });
        _open[context] = 0;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _closing.Token);
        try
        {
            await talk(new ServerConnection(socket, context.Request, ended.Token));
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // The client has gone, or the connection was cut.
        }
        finally
        {
            _open.TryRemove(context, out _);
        }
    }
}

/// <summary>A request to open a connection, as the server saw it.</summary>
internal sealed record UpgradeRequest(string Target, IReadOnlyDictionary<string, string> Headers);

/// <summary>The server's side of a connection.</summary>
internal sealed class ServerConnection(WebSocket socket, HttpRequest request, CancellationToken ended)
{
    private readonly byte[] _buffer = new byte[64 << 10];

    public HttpRequest Request => request;

    public CancellationToken Ended => ended;

    public WebSocket Socket => socket;

    public Task SendAsync(string text, bool isLast = true) => SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, isLast);

    public Task SendAsync(byte[] bytes, WebSocketMessageType type, bool isLast = true) => socket.SendAsync(bytes, type, isLast, ended);

    /// <summary>The next message from the client; null when it closes. Answers the close.</summary>
    public async Task<string?> ReceiveAsync()
    {
        var result = await socket.ReceiveAsync(_buffer, ended);
        if (result.MessageType != WebSocketMessageType.Close)
        {
            return Encoding.UTF8.GetString(_buffer, 0, result.Count);
        }

        if (socket.State == WebSocketState.CloseReceived)
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, ended);
        }

        return null;
    }

    /// <summary>Answers the client's close when it comes; what it sends until then is left alone.</summary>
    public async Task UntilClosedAsync()
    {
        while (await ReceiveAsync() is not null)
        {
        }
    }

    /// <summary>Closes with a code, and waits for the answer.</summary>
    public Task CloseAsync(int code, string? description = null) => socket.CloseAsync((WebSocketCloseStatus)code, description, ended);
}
