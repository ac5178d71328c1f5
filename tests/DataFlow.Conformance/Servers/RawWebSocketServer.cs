using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace DataFlow.Conformance;

/// <summary>
/// Speaks the WebSocket protocol frame by frame, so that tests can break its rules: no pongs, endless messages, wrong bytes. On a
/// free loopback port. Thread-safe.
/// </summary>
internal sealed class RawWebSocketServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly Func<RawConnection, Task> _talk;
    private readonly List<Task> _talks = [];
    private readonly Task _accepting;
    private int _connections;

    /// <summary>Begins to listen.</summary>
    /// <param name="talk">Called for each connection after its upgrade; the connection is closed when it ends.</param>
    public RawWebSocketServer(Func<RawConnection, Task> talk)
    {
        _talk = talk;
        _listener.Start();
        Address = $"ws://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _accepting = AcceptAsync();
    }

    public string Address { get; }

    /// <summary>Connections so far.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_talks);
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptTcpClientAsync(_closing.Token);
                _talks.Add(Task.Run(() => TalkAsync(client)));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task TalkAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                client.NoDelay = true;
                var connection = new RawConnection(client.GetStream(), Interlocked.Increment(ref _connections), _closing.Token);
                await connection.UpgradeAsync();
                await _talk(connection);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
            {
                // The client has gone, or the test is over.
            }
        }
    }
}

/// <summary>The server's side of a connection, frame by frame.</summary>
/// <param name="stream">The bytes.</param>
/// <param name="number">Counts the server's connections from 1.</param>
/// <param name="ended">The test is over.</param>
internal sealed class RawConnection(NetworkStream stream, int number, CancellationToken ended)
{
    public const int Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10;

    public int Number => number;

    public CancellationToken Ended => ended;

    /// <summary>Sends one frame.</summary>
    public async Task SendAsync(int opcode, byte[] payload, bool isLast = true)
    {
        var header = new byte[10];
        header[0] = (byte)(opcode | (isLast ? 0x80 : 0));
        var length = 2;
        switch (payload.Length)
        {
            case < 126:
                header[1] = (byte)payload.Length;
                break;
            case <= ushort.MaxValue:
                header[1] = 126;
                BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)payload.Length);
                length = 4;
                break;
            default:
                header[1] = 127;
                BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(2), payload.Length);
                length = 10;
                break;
        }

        await stream.WriteAsync(header.AsMemory(0, length), ended);
        await stream.WriteAsync(payload, ended);
    }

    public Task SendAsync(string text) => SendAsync(Text, Encoding.UTF8.GetBytes(text));

    /// <summary>The next frame from the client, unmasked.</summary>
    public async Task<(int Opcode, byte[] Payload)> ReadAsync()
    {
        var start = await BytesAsync(2);
        var length = (long)(start[1] & 0x7f);
        length = length switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(await BytesAsync(2)),
            127 => BinaryPrimitives.ReadInt64BigEndian(await BytesAsync(8)),
            _ => length,
        };
        var mask = await BytesAsync(4);
        var payload = await BytesAsync((int)length);
        for (var i = 0; i < payload.Length; i++)
        {
            payload[i] ^= mask[i % 4];
        }

        return (start[0] & 0xf, payload);
    }

    /// <summary>Reads, answering nothing, until the client goes.</summary>
    public async Task IgnoreAsync()
    {
        while ((await ReadAsync()).Opcode != Close)
        {
        }
    }

    /// <summary>The close code that the client sends; frames before it are left alone.</summary>
    public async Task<int> CloseCodeAsync()
    {
        while (true)
        {
            var (opcode, payload) = await ReadAsync();
            if (opcode == Close)
            {
                return payload.Length < 2 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(payload);
            }
        }
    }

    internal async Task UpgradeAsync()
    {
        var request = new StringBuilder();
        while (!request.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            request.Append((char)(await BytesAsync(1))[0]);
        }

        var key = request.ToString().Split("\r\n").First(line => line.StartsWith("Sec-WebSocket-Key:", StringComparison.OrdinalIgnoreCase)).Split(": ")[1];
#pragma warning disable CA5350 // RFC 6455 asks for it; nothing secret is protected.
        var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes($"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"), ended);
    }

    private async Task<byte[]> BytesAsync(int count)
    {
        var bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes, ended);
        return bytes;
    }
}
