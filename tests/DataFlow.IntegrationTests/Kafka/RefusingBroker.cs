using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DataFlow.IntegrationTests.Kafka;

/// <summary>A broker that knows just enough of the protocol to refuse every login with PLAIN.</summary>
internal sealed class RefusingBroker : IAsyncDisposable
{
    private const short ApiVersions = 18;
    private const short SaslHandshake = 17;
    private const short SaslAuthenticate = 36;
    private const short UnsupportedVersion = 35;
    private const short AuthenticationFailed = 58;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _accepting;

    public RefusingBroker()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Address => _listener.LocalEndpoint.ToString()!;

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The test is over.
        }
    }

    private static async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                var size = new byte[4];
                while (true)
                {
                    await stream.ReadExactlyAsync(size);
                    var request = new byte[BinaryPrimitives.ReadInt32BigEndian(size)];
                    await stream.ReadExactlyAsync(request);
                    await stream.WriteAsync(AnswerTo(request));
                }
            }
            catch (IOException)
            {
                // The client has left.
            }
        }
    }

    private static byte[] AnswerTo(byte[] request)
    {
        var api = BinaryPrimitives.ReadInt16BigEndian(request);
        var version = BinaryPrimitives.ReadInt16BigEndian(request.AsSpan(2));
        var body = new List<byte>(request[4..8]);
        switch (api)
        {
            case ApiVersions:
                Add(body, version == 0 ? (short)0 : UnsupportedVersion);
                body.AddRange([0, 0, 0, 3]);
                foreach (var (key, most) in new[] { (ApiVersions, (short)0), (SaslHandshake, (short)1), (SaslAuthenticate, (short)0) })
                {
                    Add(body, key);
                    Add(body, 0);
                    Add(body, most);
                }

                break;
            case SaslHandshake:
                Add(body, 0);
                body.AddRange([0, 0, 0, 1]);
                Add(body, "PLAIN");
                break;
            case SaslAuthenticate:
                Add(body, AuthenticationFailed);
                Add(body, "Authentication failed: Invalid username or password");
                body.AddRange([0, 0, 0, 0]);
                break;
        }

        var answer = new byte[4 + body.Count];
        BinaryPrimitives.WriteInt32BigEndian(answer, body.Count);
        body.CopyTo(answer, 4);
        return answer;
    }

    private static void Add(List<byte> body, short number) => body.AddRange([(byte)(number >> 8), (byte)number]);

    private static void Add(List<byte> body, string text)
    {
        Add(body, (short)text.Length);
        body.AddRange(Encoding.UTF8.GetBytes(text));
    }
}
