using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using DataFlow.Conformance;
using DataFlow.Engine.Configuration;

namespace DataFlow.UnitTests.Connectors;

/// <summary>How connections are opened, and refused.</summary>
public sealed class WebSocketHandshakeTests
{
    private const string Message = """{"id":"1"}""";

    [Fact]
    [Trait("claim", "WS-03")]
    public async Task Without_auth_type_nothing_is_sent()
    {
        var (target, headers) = await OpenedWithAsync("/stream");

        Assert.Equal("/stream", target);
        Assert.DoesNotContain("Authorization", headers.Keys);
        Assert.Throws<ConfigurationException>(() => Bind(("auth-type", "basic"), ("auth-token", "t")));
    }

    [Fact]
    [Trait("claim", "WS-03")]
    [Trait("claim", "WS-04")]
    public async Task Query_puts_the_token_into_the_address_encoded_beside_what_is_there()
    {
        Assert.Equal("/stream?token=your-token", (await OpenedWithAsync("/stream", ("auth-type", "query"), ("auth-token", "your-token"), ("auth-param-name", "token"))).Target);
        Assert.Equal("/stream?token=t", (await OpenedWithAsync("/stream", ("auth-type", "query"), ("auth-token", "t"))).Target);
        Assert.Equal(
            "/stream?a=1&b=x%20y&access=%26%3D%20%2F",
            (await OpenedWithAsync("/stream?a=1&access=old&b=x%20y", ("auth-type", "query"), ("auth-token", "&= /"), ("auth-param-name", "access"))).Target);
    }

    [Fact]
    [Trait("claim", "WS-03")]
    [Trait("claim", "WS-05")]
    public async Task Header_sends_the_token_in_the_named_header()
    {
        Assert.Equal("k", (await OpenedWithAsync("/", ("auth-type", "header"), ("auth-token", "k"))).Headers["X-API-Key"]);
        Assert.Equal("k", (await OpenedWithAsync("/", ("auth-type", "header"), ("auth-token", "k"), ("auth-param-name", "X-Mine"))).Headers["X-Mine"]);
    }

    [Fact]
    [Trait("claim", "WS-03")]
    [Trait("claim", "WS-06")]
    public async Task Bearer_sends_the_token_as_authorization() =>
        Assert.Equal("Bearer your-jwt-token", (await OpenedWithAsync("/", ("auth-type", "bearer"), ("auth-token", "your-jwt-token"))).Headers["Authorization"]);

    [Fact]
    public async Task More_headers_and_subprotocols_are_sent()
    {
        var (_, headers) = await OpenedWithAsync("/", ("headers", """{"Origin":"https://example.com"}"""), ("subprotocols", "one,two"));

        Assert.Equal("https://example.com", headers["Origin"]);
        Assert.Equal("one, two", headers["Sec-WebSocket-Protocol"].Replace(",two", ", two"));
        Assert.StartsWith("DataFlow/", headers["User-Agent"]);
    }

    [Fact]
    [Trait("claim", "WS-32")]
    public async Task A_token_file_is_read_again_at_each_connection_over_tls()
    {
        var folder = Directory.CreateTempSubdirectory("dataflow-ws-");
        try
        {
            var (tokens, authority) = (Path.Combine(folder.FullName, "token"), Path.Combine(folder.FullName, "ca.pem"));
            using var certificate = Certificate();
            await File.WriteAllTextAsync(authority, certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(tokens, "first\n", TestContext.Current.CancellationToken);
            await using var server = await WebSocketServer.StartAsync(
                async connection =>
                {
                    await connection.SendAsync(Message);
                    await File.WriteAllTextAsync(tokens, "second\n");
                    await connection.CloseAsync(1001);
                },
                certificate: certificate);
            using var bench = WebSocketRun.Bench(
                server.Address.Replace("127.0.0.1", "localhost"), ("auth-type", "bearer"), ("auth-token-file", tokens), ("ca-file", authority));

            var outcome = await bench.RunAsync(expected: 2);

            Assert.Null(outcome.Error);
            Assert.StartsWith("wss://", server.Address);
            Assert.Equal(["Bearer first", "Bearer second"], server.Requests.Take(2).Select(request => request.Headers["Authorization"]));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_token_file_that_is_being_replaced_is_read_again()
    {
        var folder = Directory.CreateTempSubdirectory("dataflow-ws-");
        try
        {
            var tokens = Path.Combine(folder.FullName, "token");
            await File.WriteAllTextAsync(tokens, "first", TestContext.Current.CancellationToken);
            await using var server = await WebSocketServer.StartAsync(async connection =>
            {
                await connection.SendAsync(Message);
                File.Delete(tokens);
                await connection.CloseAsync(1001);
            });
            using var bench = WebSocketRun.Bench(server.Address, ("auth-type", "bearer"), ("auth-token-file", tokens));
            var running = bench.RunAsync(expected: 2);
            await Eventually.Is(() => running.IsCompleted || bench.Log.Lines.Any(line => line.Contains("auth-token-file can't be read")));
            await File.WriteAllTextAsync(tokens, "second", TestContext.Current.CancellationToken);

            Assert.Null((await running).Error);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [Trait("claim", "WS-29")]
    [InlineData(401, "answered 401 (Unauthorized) instead of 101. Check auth-type, auth-token")]
    [InlineData(403, "answered 403 (Forbidden) instead of 101. Check auth-type, auth-token")]
    [InlineData(404, "answered 404 (NotFound) instead of 101. Check the address (ws:// or wss://), the firewall, the credentials, and that the server speaks WebSocket")]
    [InlineData(200, "answered 200 (OK) instead of 101. That is a web page or an API; check the path")]
    [InlineData(302, "answered 302 (Found) instead of 101. Redirects are not followed")]
    public async Task A_refused_upgrade_stops_the_run_and_says_what_to_check(int status, string sentence)
    {
        await using var server = await WebSocketServer.StartAsync(_ => Task.CompletedTask, _ => status);
        using var bench = WebSocketRun.Bench(server.Address);

        var outcome = await bench.RunAsync();

        var error = Assert.IsType<ConnectorException>(outcome.Error);
        Assert.Equal((FaultOwner.User, RetryKind.Never), (error.Owner, error.Retry.Kind));
        Assert.StartsWith($"WebSocket upgrade failed: {server.Address}", error.Message);
        Assert.Contains(sentence, error.Message);
        Assert.Single(server.Requests);
        Assert.Empty(await bench.GapsAsync());
    }

    [Theory]
    [InlineData(503)]
    [InlineData(429)]
    public async Task A_server_that_is_busy_is_asked_again(int status)
    {
        await using var server = await WebSocketServer.StartAsync(
            async connection =>
            {
                await connection.SendAsync(Message);
                await connection.UntilClosedAsync();
            },
            request => request < 3 ? status : 0);
        using var bench = WebSocketRun.Bench(server.Address);

        var outcome = await bench.RunAsync(expected: 1);

        Assert.Null(outcome.Error);
        Assert.Equal(3, server.Requests.Count);
        Assert.Contains(bench.Log.Lines, line => line.Contains($"WebSocket upgrade failed: {server.Address} answered {status}"));
    }

    [Fact]
    public async Task A_server_that_worked_and_then_answers_404_is_asked_again()
    {
        await using var server = await WebSocketServer.StartAsync(
            async connection =>
            {
                await connection.SendAsync(Message);
                await connection.CloseAsync(1001);
            },
            request => request == 2 ? 404 : 0);
        using var bench = WebSocketRun.Bench(server.Address);

        var outcome = await bench.RunAsync(expected: 2);

        Assert.Null(outcome.Error);
    }

    [Fact]
    public async Task A_certificate_that_does_not_hold_any_more_ends_no_run_that_worked_before()
    {
        var folder = Directory.CreateTempSubdirectory("dataflow-ws-");
        try
        {
            using var certificate = Certificate();
            using var another = Certificate();
            var authority = Path.Combine(folder.FullName, "ca.pem");
            await TrustAsync(certificate);
            await using var server = await WebSocketServer.StartAsync(
                async connection =>
                {
                    await connection.SendAsync(Message);
                    await TrustAsync(another);
                    await connection.CloseAsync(1001);
                },
                certificate: certificate);
            using var bench = WebSocketRun.Bench(server.Address.Replace("127.0.0.1", "localhost"), ("ca-file", authority));

            // The second run begins with the failure.
            foreach (var expected in (int[])[2, 3])
            {
                var failures = Refusals(bench);
                var running = bench.RunAsync(expected);
                await Eventually.Is(() => running.IsCompleted || Refusals(bench) > failures);
                await TrustAsync(certificate);
                Assert.Null((await running).Error);
                await TrustAsync(another);
            }

            Task TrustAsync(X509Certificate2 one) => File.WriteAllTextAsync(authority, one.ExportCertificatePem());
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        static int Refusals(SourceBench bench) => bench.Log.Lines.Count(line => line.Contains("no secure connection to "));
    }

    [Fact]
    public async Task Plain_ws_to_a_tls_port_gets_the_hint_wss()
    {
        using var certificate = Certificate();
        await using var server = await WebSocketServer.StartAsync(_ => Task.CompletedTask, certificate: certificate);
        using var bench = WebSocketRun.Bench($"ws://127.0.0.1:{server.Port}", ("reconnect-max-restarts", "0"));

        var outcome = await bench.RunAsync();

        Assert.StartsWith($"WebSocket upgrade failed: ", outcome.Error!.Message.Replace("Gave up after 0 reconnections in a row (reconnect-max-restarts). The last cause: ", ""));
        Assert.Contains("wss://", outcome.Error.Message);
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_stops_the_run()
    {
        using var certificate = Certificate();
        await using var server = await WebSocketServer.StartAsync(_ => Task.CompletedTask, certificate: certificate);
        using var bench = WebSocketRun.Bench(server.Address.Replace("127.0.0.1", "localhost"));

        var outcome = await bench.RunAsync();

        Assert.Equal(FaultOwner.User, Assert.IsType<ConnectorException>(outcome.Error).Owner);
        Assert.Contains("ca-file", outcome.Error.Message);
    }

    [Theory]
    [InlineData("http://example.com", "is no address of a WebSocket server")]
    [InlineData("stream.example.com/events", "is no address of a WebSocket server")]
    [InlineData("wss://example.com/?from={{cursor}}", "cursor-path must say where the cursor stands")]
    public void An_address_that_can_not_be_used_is_refused_with_a_sentence(string address, string sentence)
    {
        var source = SourceBinding.Bind("p", WebSocketRun.ConfigOf("websocket", address), BuiltInCatalogue.Instance);

        Assert.Contains(sentence, Assert.Throws<ConnectorException>(() => source.Definition.Create(source.Settings)).Message);
    }

    [Theory]
    [InlineData("auth-type", "bearer", "auth-token")]
    [InlineData("auth-token", "x", "auth-type")]
    [InlineData("reconnect-min-backoff", "90", "reconnect-max-backoff")]
    [InlineData("pong-message", "pong", "ping-message")]
    [InlineData("subscribe-expect", "ok", "subscribe")]
    [InlineData("subscribe", "{{cursor}}", "cursor-path")]
    [InlineData("cursor-path", "a..b", "has an empty name")]
    [InlineData("on-full", "drop-oldest", "the cursor goes on past them", "cursor-path", "id")]
    [InlineData("stop-on-close-codes", "17", "close code")]
    [InlineData("message-fromat", "json", "message-format")]
    public void Options_that_do_not_fit_together_are_refused_with_a_sentence(
        string name, string value, string mentioned, string besides = "message-format", string itsValue = "json") =>
        Assert.Contains(mentioned, Assert.Throws<ConfigurationException>(() => Bind((besides, itsValue), (name, value))).Message);

    private static PipelineSource Bind(params (string, string)[] options) =>
        SourceBinding.Bind("p", WebSocketRun.ConfigOf("websocket", "ws://localhost", options), BuiltInCatalogue.Instance);

    private static async Task<(string Target, IReadOnlyDictionary<string, string> Headers)> OpenedWithAsync(string path, params (string, string)[] options)
    {
        await using var server = await WebSocketRun.ServeAsync(Message);
        using var bench = WebSocketRun.Bench(server.Address + path, options);
        Assert.Null((await bench.RunAsync(expected: 1)).Error);
        var request = Assert.Single(server.Requests);
        return (request.Target, request.Headers);
    }

    private static X509Certificate2 Certificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
    }
}
