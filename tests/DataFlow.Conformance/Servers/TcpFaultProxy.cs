using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace DataFlow.Conformance;

/// <summary>
/// Stands between a client and a server on this machine and does to their connection what networks do: freeze, delay, cut,
/// half-close, truncate. Listens on a free loopback port. Thread-safe.
/// </summary>
public sealed class TcpFaultProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentDictionary<Link, Task> _links = new();
    private readonly IPEndPoint _server;
    private readonly Task _accepting;
    private volatile TaskCompletionSource? _frozen;
    private volatile bool _refuses;
    private long _delayTicks;
    private long _bytesLeft = long.MaxValue;
    private int _connections;

    /// <summary>Begins to listen.</summary>
    /// <param name="serverPort">Where the server listens on the loopback address.</param>
    public TcpFaultProxy(int serverPort)
    {
        _server = new IPEndPoint(IPAddress.Loopback, serverPort);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients connect.</summary>
    public int Port { get; }

    /// <summary>Connections accepted so far.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Connections that are open.</summary>
    public int OpenConnections => _links.Count;

    /// <summary>A port where nobody listens: it was free a moment ago.</summary>
    public static int UnusedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Nothing passes in either direction, and nobody is told; until <see cref="Thaw"/>.</summary>
    public void Freeze() => _frozen ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What was frozen goes on.</summary>
    public void Thaw() => Interlocked.Exchange(ref _frozen, null)?.TrySetResult();

    /// <summary>Each piece is passed on so much later. Zero: at once.</summary>
    public void Delay(TimeSpan delay) => Volatile.Write(ref _delayTicks, delay.Ticks);

    /// <summary>Cuts all open connections without a farewell: both sides see a reset. New ones are accepted.</summary>
    public void Cut()
    {
        foreach (var link in _links.Keys)
        {
            link.Reset();
        }
    }

    /// <summary>New connections are reset at once, as when the server is down; until it is called with false.</summary>
    public void Refuse(bool refuses = true) => _refuses = refuses;

    /// <summary>The server says that it sends no more, on all open connections; what the client sends still goes through.</summary>
    public void HalfClose()
    {
        foreach (var link in _links.Keys)
        {
            link.EndReplies();
        }
    }

    /// <summary>After so many bytes from the server, in all connections together, the connection that carries them ends in an orderly way.</summary>
    public void TruncateAfter(long bytes) => Volatile.Write(ref _bytesLeft, bytes);

    /// <summary>Replies pass in full again.</summary>
    public void StopTruncating() => Volatile.Write(ref _bytesLeft, long.MaxValue);

    /// <summary>Ends all connections and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_closing.IsCancellationRequested)
        {
            return;
        }

        await _closing.CancelAsync();
        Thaw();
        _listener.Stop();
        Cut();
        await _accepting;
        await Task.WhenAll(_links.Values);
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync(_closing.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            Interlocked.Increment(ref _connections);
            var link = new Link(this, client);
            if (_refuses)
            {
                link.Reset();
                continue;
            }

            // Listed before it runs, so that a cut right after the connection hits it.
            var ended = new TaskCompletionSource();
            _links[link] = ended.Task;
            _ = RunAsync(link, ended);
        }
    }

    private async Task RunAsync(Link link, TaskCompletionSource ended)
    {
        try
        {
            await link.RunAsync();
        }
        finally
        {
            _links.TryRemove(link, out _);
            ended.SetResult();
        }
    }

    private async ValueTask PassAsync()
    {
        if (Volatile.Read(ref _delayTicks) is > 0 and var ticks)
        {
            await Task.Delay(TimeSpan.FromTicks(ticks), TimeProvider.System, _closing.Token);
        }

        while (_frozen is { } frozen)
        {
            await frozen.Task.WaitAsync(_closing.Token);
        }
    }

    /// <summary>How many of so many reply bytes may pass.</summary>
    private int Allow(int bytes)
    {
        while (true)
        {
            var left = Volatile.Read(ref _bytesLeft);
            if (left == long.MaxValue)
            {
                return bytes;
            }

            var allowed = (int)Math.Min(left, bytes);
            if (Interlocked.CompareExchange(ref _bytesLeft, left - allowed, left) == left)
            {
                return allowed;
            }
        }
    }

    /// <summary>A client's connection and the one to the server that belongs to it.</summary>
    private sealed class Link(TcpFaultProxy proxy, Socket client)
    {
        private readonly Socket _upstream = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        public async Task RunAsync()
        {
            try
            {
                client.NoDelay = _upstream.NoDelay = true;
                await _upstream.ConnectAsync(proxy._server, proxy._closing.Token);
                await Task.WhenAll(PumpAsync(client, _upstream, isReply: false), PumpAsync(_upstream, client, isReply: true));
                client.Dispose();
                _upstream.Dispose();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                Reset();
            }
        }

        /// <summary>Closes both sides with a reset instead of a farewell.</summary>
        public void Reset()
        {
            foreach (var socket in new[] { client, _upstream })
            {
                try
                {
                    socket.LingerState = new LingerOption(true, 0);
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException)
                {
                    // It has ended already.
                }

                socket.Dispose();
            }
        }

        /// <summary>Ends the direction from the server to the client.</summary>
        public void EndReplies()
        {
            try
            {
                client.Shutdown(SocketShutdown.Send);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // It has ended already.
            }
        }

        private async Task PumpAsync(Socket from, Socket to, bool isReply)
        {
            var buffer = new byte[16 << 10];
            while (await from.ReceiveAsync(buffer, proxy._closing.Token) is > 0 and var read)
            {
                await proxy.PassAsync();
                var allowed = isReply ? proxy.Allow(read) : read;
                for (var sent = 0; sent < allowed;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, allowed - sent), proxy._closing.Token);
                }

                if (allowed < read)
                {
                    break;
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
    }
}
