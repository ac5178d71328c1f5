using System.Net;
using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace DataFlow.Connectors;

/// <summary>Opens connections: credentials, headers, TLS, and a sentence for each way in which it can fail.</summary>
internal sealed class Handshake(SourceSettings settings, WebSocketSourceOptions options)
{
    private const string Checks = "Check the address (ws:// or wss://), the firewall, the credentials, and that the server speaks WebSocket there.";

    /// <summary>The address for people.</summary>
    public string Address { get; } = WebSocketAddress.Show(settings.ConfiguredConnection);

    /// <summary>Opens a connection.</summary>
    /// <param name="cursor">Where to go on; put into the address.</param>
    /// <param name="worked">It has worked before, in this run or an earlier one: what looks like a wrong address may be a server that is being replaced.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="ConnectorException">It failed.</exception>
    public async Task<ClientWebSocket> OpenAsync(string cursor, bool worked, TimeProvider time, CancellationToken stop)
    {
        var token = await TokenAsync(worked, stop).ConfigureAwait(false);
        var socket = new ClientWebSocket();
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stop);
        try
        {
            Configure(socket.Options, token);
            (string, string)? parameter = options.AuthType == WebSocketAuthType.Query ? (options.AuthParamName ?? "token", token) : null;
            await socket.ConnectAsync(WebSocketAddress.Of(settings.Connection, cursor, parameter), either.Token).ConfigureAwait(false);
            return socket;
        }
        catch (Exception failure) when (!stop.IsCancellationRequested)
        {
            var fault = timeout.IsCancellationRequested
                ? ConnectorException.External($"WebSocket upgrade failed: {Address} did not answer within {options.ConnectTimeout.TotalSeconds:0.###} s. {Checks}")
                : FaultOf(failure, socket.HttpStatusCode, worked);
            socket.Dispose();
            throw fault;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<string> TokenAsync(bool worked, CancellationToken stop)
    {
        if (options.AuthTokenFile.Length == 0)
        {
            return options.AuthToken;
        }

        var path = Path.GetFullPath(options.AuthTokenFile, settings.BaseDirectory);
        try
        {
            return (await File.ReadAllTextAsync(path, stop).ConfigureAwait(false)).Trim();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // One that was there before may be being replaced.
            var found = $"auth-token-file can't be read: {failure.Message}";
            throw worked ? ConnectorException.External(found, failure) : ConnectorException.User(found, failure);
        }
    }

    private void Configure(ClientWebSocketOptions socket, string token)
    {
        socket.CollectHttpResponseDetails = true;
        socket.KeepAliveInterval = options.HeartbeatInterval;
        socket.KeepAliveTimeout = options.HeartbeatInterval > TimeSpan.Zero ? options.HeartbeatTimeout : Timeout.InfiniteTimeSpan;
        socket.SetRequestHeader("User-Agent", $"DataFlow/{typeof(Handshake).Assembly.GetName().Version?.ToString(3)}");
        foreach (var (name, value) in options.Headers)
        {
            socket.SetRequestHeader(name, value);
        }

        foreach (var protocol in options.Subprotocols)
        {
            socket.AddSubProtocol(protocol);
        }

        switch (options.AuthType)
        {
            case WebSocketAuthType.Header:
                socket.SetRequestHeader(options.AuthParamName ?? "X-API-Key", token);
                break;
            case WebSocketAuthType.Bearer:
                socket.SetRequestHeader("Authorization", $"Bearer {token}");
                break;
        }

        if (options.Compression)
        {
            socket.DangerousDeflateOptions = new WebSocketDeflateOptions();
        }

        if (options.CaFile.Length > 0)
        {
            var authorities = Authorities();
            socket.RemoteCertificateValidationCallback = (_, certificate, chain, errors) => IsTrusted(certificate, chain, errors, authorities);
        }
    }

    private X509Certificate2Collection Authorities()
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(Path.GetFullPath(options.CaFile, settings.BaseDirectory));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw ConnectorException.User($"ca-file can't be read: {failure.Message}", failure);
        }

        return authorities;
    }

    /// <summary>Only an unknown authority is forgiven, and only when it is one of ours: name and dates must be right in any case.</summary>
    private static bool IsTrusted(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, X509Certificate2Collection authorities)
    {
        if (errors == SslPolicyErrors.None)
        {
            return true;
        }

        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificate is not X509Certificate2 server || chain is null)
        {
            return false;
        }

        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(authorities);
        own.ChainPolicy.ExtraStore.AddRange(chain.ChainPolicy.ExtraStore);
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return own.Build(server);
    }

    private ConnectorException FaultOf(Exception failure, HttpStatusCode status, bool worked)
    {
        if (failure is ConnectorException known)
        {
            return known;
        }

        if (status != 0)
        {
            return FaultOf(status, worked, failure);
        }

        if (failure is ArgumentException or FormatException)
        {
            return ConnectorException.User($"WebSocket upgrade failed: the request to {Address} can't be written: {failure.Message}", failure);
        }

        var cause = failure.InnerException ?? failure;
        if (cause.InnerException is AuthenticationException tls)
        {
            // One that was in order before may be being renewed.
            var found = $"WebSocket upgrade failed: no secure connection to {Address}: {tls.Message} Check that the address is the one of the certificate; "
                + "give ca-file for an authority of your own, or write ws:// for a server without TLS.";
            return worked ? ConnectorException.External(found, failure) : ConnectorException.User(found, failure);
        }

        return (cause as HttpRequestException)?.HttpRequestError == HttpRequestError.InvalidResponse && !worked
            ? ConnectorException.User(
                $"WebSocket upgrade failed: what answers at {Address} is no HTTP server. If it speaks TLS, write wss:// instead of ws://. {Checks}", failure)
            : ConnectorException.External($"WebSocket upgrade failed: no connection to {Address}: {cause.Message} {Checks}", failure);
    }

    private ConnectorException FaultOf(HttpStatusCode status, bool worked, Exception failure)
    {
        var code = (int)status;
        var found = $"WebSocket upgrade failed: {Address} answered {code}{(Enum.IsDefined(status) ? $" ({status})" : "")} instead of 101.";
        return code switch
        {
            401 or 403 when options.AuthTokenFile.Length > 0 => ConnectorException.External(
                $"{found} Connecting again reads the token from auth-token-file anew; if that does not help, check auth-type and what the account may read.", failure),
            401 or 403 => ConnectorException.User($"{found} Check auth-type, auth-token and what the account may read.", failure),
            101 => ConnectorException.User($"{found[..^" instead of 101.".Length]}, but not as RFC 6455 says: {failure.Message} {Checks}", failure),
            408 or 429 or >= 500 => ConnectorException.External($"{found} {Checks}", failure),
            _ when worked => ConnectorException.External($"{found} It worked before, so it is tried again.", failure),
            < 300 => ConnectorException.User($"{found} That is a web page or an API; check the path, and that the server speaks WebSocket there.", failure),
            < 400 => ConnectorException.User($"{found} Redirects are not followed; write the address that it leads to.", failure),
            _ => ConnectorException.User($"{found} {Checks}", failure),
        };
    }
}
