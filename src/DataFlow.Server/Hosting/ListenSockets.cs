using System.Net;
using System.Net.Sockets;
using DataFlow.Engine.Configuration;

namespace DataFlow.Server;

/// <summary>
/// The sockets that the API listens on, bound before anything else starts: a port that is taken is said at once, and a free port is
/// known to everybody who needs the address.
/// </summary>
internal sealed class ListenSockets : IDisposable
{
    private readonly List<(Uri Url, Socket Socket)> _bound = [];

    /// <summary>The URLs with the ports that were bound.</summary>
    public IReadOnlyList<Uri> Addresses => [.. _bound.Select(bound => bound.Url)];

    /// <summary>Binds them.</summary>
    /// <exception cref="ConfigurationException">A URL can't be listened on.</exception>
    /// <exception cref="ConnectorException">A port is taken.</exception>
    public static ListenSockets Bind(IEnumerable<Uri> urls)
    {
        var sockets = new ListenSockets();
        try
        {
            foreach (var url in urls)
            {
                sockets.Bind(url);
            }

            return sockets;
        }
        catch
        {
            sockets.Dispose();
            throw;
        }
    }

    /// <summary>Where each socket is bound, and whether TLS is spoken there.</summary>
    public IEnumerable<(IPEndPoint EndPoint, bool IsTls)> EndPoints =>
        _bound.Select(bound => ((IPEndPoint)bound.Socket.LocalEndPoint!, bound.Url.Scheme == Uri.UriSchemeHttps));

    /// <summary>The socket that is bound to an end point. The caller owns it from then on.</summary>
    public Socket Take(EndPoint endPoint)
    {
        var index = _bound.FindIndex(bound => bound.Socket.LocalEndPoint!.Equals(endPoint));
        var socket = _bound[index].Socket;
        _bound.RemoveAt(index);
        return socket;
    }

    public void Dispose() => _bound.ForEach(bound => bound.Socket.Dispose());

    private void Bind(Uri url)
    {
        var address = AddressOf(url);
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(new IPEndPoint(address, url.Port));
            var port = ((IPEndPoint)socket.LocalEndPoint!).Port;
            _bound.Add((new UriBuilder(url) { Port = port }.Uri, socket));
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw ConnectorException.User(
                failure.SocketErrorCode switch
                {
                    SocketError.AddressAlreadyInUse =>
                        $"{url} is taken: another program listens on port {url.Port}; end it, or listen elsewhere (--listen).",
                    SocketError.AccessDenied => $"Listening on {url} is not allowed: ports below 1024 need rights; use a higher one (--listen).",
                    SocketError.AddressNotAvailable => $"{url} is no address of this machine; use one that it has, or 0.0.0.0 for all (--listen).",
                    _ => $"Listening on {url} failed: {failure.Message}",
                },
                failure);
        }
    }

    private static IPAddress AddressOf(Uri url)
    {
        if (!url.IsAbsoluteUri || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps) || url.AbsolutePath != "/")
        {
            throw Refuse(url, "give http:// or https://, a host and a port, such as http://127.0.0.1:5080.");
        }

        return url.Host switch
        {
            "localhost" => IPAddress.Loopback,
            var host when IPAddress.TryParse(host.Trim('[', ']'), out var address) => address,
            var host => throw Refuse(url, $"'{host}' is a name; give an IP address of this machine, localhost, or 0.0.0.0 for all."),
        };
    }

    private static ConfigurationException Refuse(Uri url, string message) =>
        new([new ConfigurationProblem(null, 0, 0, "listen", $"'{url.OriginalString}' can't be listened on: {message}")]);
}
