using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DataFlow.IntegrationTests.Service;

/// <summary>Every error is a problem (RFC 9457) that says what was found, what is allowed and what to do.</summary>
public sealed class ProblemTests(TestService service) : IClassFixture<TestService>
{
    [Theory]
    [InlineData("GET", "nothing-here")]
    [InlineData("GET", "pipelines/unknown")]
    [InlineData("GET", "pipelines/unknown/state")]
    [InlineData("GET", "pipelines/unknown/history")]
    [InlineData("GET", "pipelines/unknown/gaps")]
    [InlineData("GET", "pipelines/unknown/dead-letters")]
    [InlineData("GET", "pipelines/unknown/dead-letters/1")]
    [InlineData("DELETE", "pipelines/unknown/dead-letters?all=true")]
    [InlineData("GET", "pipelines/unknown/tap")]
    [InlineData("POST", "pipelines/unknown/start")]
    [InlineData("POST", "pipelines/unknown/state/reset")]
    [InlineData("POST", "pipelines/unknown/dead-letters/replay")]
    [InlineData("GET", "connectors/source/fil")]
    public async Task What_is_not_there_is_not_found(string method, string path)
    {
        var answer = await service.SendAsync(HttpMethod.Parse(method), path);

        answer.IsProblem(HttpStatusCode.NotFound, "not-found");
        Assert.Equal("/" + path.Split('?')[0], answer.Json["instance"]!.GetValue<string>());
    }

    [Fact]
    public async Task What_can_not_be_done_at_an_address_is_said_with_what_can()
    {
        var answer = await service.PostAsync("nodes");

        answer.IsProblem(HttpStatusCode.MethodNotAllowed, "method-not-allowed", "Allow");
    }

    [Theory]
    [InlineData("pipelines", "text/csv")]
    [InlineData("pipelines", "multipart/form-data; boundary=x")]
    [InlineData("pipelines/unknown/state/seek", "application/yaml")]
    [InlineData("pipelines/unknown/dead-letters/replay", "text/plain")]
    public async Task A_body_of_another_type_is_refused(string path, string type)
    {
        (await service.SendAsync(HttpMethod.Post, path, "id\n1\n", type)).IsProblem(HttpStatusCode.UnsupportedMediaType, "unsupported-media-type", "Content-Type");
    }

    [Theory]
    [InlineData("")]
    [InlineData("   \n")]
    public async Task An_empty_definition_is_refused(string body)
    {
        (await service.SendAsync(HttpMethod.Post, "pipelines", body)).IsProblem(HttpStatusCode.BadRequest, "bad-request", "empty");
    }

    [Theory]
    [InlineData("{")]
    [InlineData("- a\n- b\n")]
    [InlineData("name: x\nsource: [")]
    [InlineData("name: x\n  source: y: z")]
    public async Task A_definition_that_is_no_yaml_is_refused(string body)
    {
        (await service.SendAsync(HttpMethod.Post, "pipelines?name=malformed", body)).IsProblem(HttpStatusCode.UnprocessableEntity, "invalid-definition");
    }

    [Fact]
    public async Task A_body_that_is_no_text_is_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(service.Address, "pipelines"));
        request.Content = new ByteArrayContent([0xff, 0xfe, 0xfd, 0x80]);
        request.Content.Headers.ContentType = new("application/yaml");
        using var response = await service.Client.SendAsync(request, TestContext.Current.CancellationToken);

        (await Answer.OfAsync(response)).Is(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused()
    {
        var large = "name: large\n# " + new string('x', 5 << 20);

        (await service.SendAsync(HttpMethod.Post, "pipelines", large)).IsProblem(HttpStatusCode.RequestEntityTooLarge, "too-large", "4 MiB");
    }

    [Fact]
    public async Task A_request_that_is_no_http_ends_its_connection_and_no_other()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(service.Address.Host, service.Address.Port, TestContext.Current.CancellationToken);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes("NONSENSE\r\n\r\n"), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(socket.GetStream());

        Assert.StartsWith("HTTP/1.1 400", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        (await service.GetAsync("pipelines")).Is(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("connectors?role=sorce", "Did you mean 'source'?")]
    [InlineData("connectors/filter/file", "source, sink, transform")]
    public async Task A_word_that_is_not_known_is_refused_with_those_that_are(string path, string words)
    {
        (await service.GetAsync(path)).IsProblem(HttpStatusCode.BadRequest, "bad-request", words);
    }

    [Fact]
    public async Task A_mask_in_place_of_a_secret_is_refused()
    {
        const string Masked = """
            name: masked
            source: { type: api, connection: "https://example.com/a", options: { auth-type: bearer, auth-token: "***" } }
            sink: { type: database, connection: "Host=db;Username=u;Password=***", options: { table: t } }
            """;

        var refused = (await service.SendAsync(HttpMethod.Post, "pipelines", Masked)).IsProblem(HttpStatusCode.UnprocessableEntity, "invalid-definition");

        Assert.Equal(
            ["source.options.auth-token", "sink.connection"],
            refused.Json["problems"]!.AsArray().Select(problem => problem!["key"]!.GetValue<string>()));
        Assert.All(refused.Json["problems"]!.AsArray(), problem => Assert.Contains("${env:NAME}", problem!["message"]!.GetValue<string>(), StringComparison.Ordinal));
    }
}
