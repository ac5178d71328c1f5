using System.Net;
using System.Net.Sockets;
using System.Text;
using DataFlow.Conformance;

namespace DataFlow.UnitTests.Conformance;

/// <summary>An echo server behind the proxy.</summary>
public sealed class TcpFaultProxyTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private TcpFaultProxy _proxy = null!;

    public ValueTask InitializeAsync()
    {
        _server.Start();
        _proxy = new TcpFaultProxy(((IPEndPoint)_server.LocalEndpoint).Port);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        _server.Dispose();
    }

    [Fact]
    public async Task Without_a_fault_everything_passes_both_ways()
    {
        using var pair = await ConnectAsync();

        await SendAsync(pair.Client, "ping");
        Assert.Equal("ping", await ReceiveAsync(pair.Server, 4));
        await SendAsync(pair.Server, "pong!");
        Assert.Equal("pong!", await ReceiveAsync(pair.Client, 5));
        Assert.Equal((1, 1), (_proxy.Connections, _proxy.OpenConnections));
    }

    [Fact]
    public async Task An_end_of_one_side_reaches_the_other()
    {
        using var pair = await ConnectAsync();

        pair.Client.Shutdown(SocketShutdown.Send);

        Assert.Equal(0, await pair.Server.ReceiveAsync(new byte[1]).WaitAsync(Limit));
        await SendAsync(pair.Server, "bye");
        Assert.Equal("bye", await ReceiveAsync(pair.Client, 3));
    }

    [Fact]
    public async Task Frozen_bytes_arrive_after_the_thaw()
    {
        using var pair = await ConnectAsync();
        _proxy.Freeze();
        await SendAsync(pair.Client, "ping");
        var arriving = ReceiveAsync(pair.Server, 4);
        Assert.False(arriving.IsCompleted);

        _proxy.Thaw();

        Assert.Equal("ping", await arriving);
    }

    [Fact]
    public async Task A_delay_holds_each_piece_back()
    {
        using var pair = await ConnectAsync();
        var delay = TimeSpan.FromMilliseconds(50);
        _proxy.Delay(delay);
        var started = TimeProvider.System.GetTimestamp();

        await SendAsync(pair.Client, "ping");

        Assert.Equal("ping", await ReceiveAsync(pair.Server, 4));

        // Timers may fire up to a tick of the system clock early.
        Assert.True(TimeProvider.System.GetElapsedTime(started) > delay - TimeSpan.FromMilliseconds(20));
    }

    [Fact]
    public async Task A_cut_resets_both_sides_and_the_next_connection_works()
    {
        using (var pair = await ConnectAsync())
        {
            _proxy.Cut();

            await AssertResetAsync(pair.Client);
            await AssertResetAsync(pair.Server);
        }

        using var next = await ConnectAsync();
        await SendAsync(next.Client, "ping");
        Assert.Equal("ping", await ReceiveAsync(next.Server, 4));
        Assert.Equal(2, _proxy.Connections);
    }

    [Fact]
    public async Task A_refused_connection_is_reset_until_it_is_allowed_again()
    {
        _proxy.Refuse();
        await AssertNoConnectionAsync(_proxy.Port);

        _proxy.Refuse(false);
        using var pair = await ConnectAsync();
        await SendAsync(pair.Server, "ok");
        Assert.Equal("ok", await ReceiveAsync(pair.Client, 2));
    }

    [Fact]
    public async Task A_half_closed_connection_still_carries_what_the_client_sends()
    {
        using var pair = await ConnectAsync();

        _proxy.HalfClose();

        Assert.Equal(0, await pair.Client.ReceiveAsync(new byte[1]).WaitAsync(Limit));
        await SendAsync(pair.Client, "still here");
        Assert.Equal("still here", await ReceiveAsync(pair.Server, 10));
    }

    [Fact]
    public async Task A_truncated_reply_ends_early_and_in_good_order()
    {
        using var pair = await ConnectAsync();
        _proxy.TruncateAfter(7);

        await SendAsync(pair.Server, "0123456789");

        Assert.Equal("0123456", await ReceiveAsync(pair.Client, 7));
        Assert.Equal(0, await pair.Client.ReceiveAsync(new byte[1]).WaitAsync(Limit));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_a_reset()
    {
        await using var proxy = new TcpFaultProxy(TcpFaultProxy.UnusedPort());

        await AssertNoConnectionAsync(proxy.Port);
    }

    private static async Task AssertResetAsync(Socket socket)
    {
        try
        {
            // A side that hears the reset while it connects sees the end of the stream first.
            Assert.Equal(0, await socket.ReceiveAsync(new byte[1]).WaitAsync(Limit));
        }
        catch (SocketException error)
        {
            Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        }
    }

    /// <summary>The reset may hit the client while it still connects, or right after.</summary>
    private async Task AssertNoConnectionAsync(int port)
    {
        try
        {
            using var client = await DialAsync(port);
            await AssertResetAsync(client);
        }
        catch (SocketException error)
        {
            Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        }
    }

    private static async Task SendAsync(Socket socket, string text) => await socket.SendAsync(Encoding.UTF8.GetBytes(text));

    private static async Task<string> ReceiveAsync(Socket socket, int count)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count;)
        {
            var read = await socket.ReceiveAsync(bytes.AsMemory(at)).AsTask().WaitAsync(Limit);
            Assert.True(read > 0, $"The connection ended after '{Encoding.UTF8.GetString(bytes, 0, at)}'.");
            at += read;
        }

        return Encoding.UTF8.GetString(bytes);
    }

    private async Task<Pair> ConnectAsync()
    {
        var client = await DialAsync();
        return new Pair(client, await _server.AcceptSocketAsync().WaitAsync(Limit));
    }

    private async Task<Socket> DialAsync(int? port = null)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPAddress.Loopback, port ?? _proxy.Port).WaitAsync(Limit);
        return client;
    }

    private sealed record Pair(Socket Client, Socket Server) : IDisposable
    {
        public void Dispose()
        {
            Client.Dispose();
            Server.Dispose();
        }
    }
}
