using System.Net;
using System.Text.Json.Nodes;

namespace DataFlow.IntegrationTests.Service;

/// <summary>Whoever may add a pipeline must not read the rest of the machine with it.</summary>
public sealed class ConfinementTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _outside = new();
    private RunningService _service = null!;

    public async ValueTask InitializeAsync()
    {
        _folder.Write("data/in.csv", "id\n1\n");
        _outside.Write("secret.csv", "id\n1\n");
        _service = await RunningService.StartAsync(_folder);
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        _folder.Dispose();
        _outside.Dispose();
    }

    [Fact]
    public async Task Files_inside_of_a_root_may_be_named()
    {
        using var added = await _service.SendAsync(HttpMethod.Post, "/pipelines", content: RunningService.Yaml(Reads("data/../data/*.csv")));

        Assert.Equal(HttpStatusCode.Created, added.StatusCode);
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../../../../../../../../etc/passwd")]
    [InlineData("data/../../../../../../../../etc/passwd")]
    [InlineData("/etc/*.conf")]
    [InlineData("data/*/../../../../../../../../../etc/*.conf")]
    public async Task Files_outside_may_not_be_read(string path) =>
        await RefusedAsync(Reads(path), "source.connection", "is outside of the folders that pipelines of this service may use");

    [Fact]
    public async Task Files_outside_may_not_be_written() => await RefusedAsync(
        "{ name: p, source: { type: test }, sink: { type: file, connection: ../out.ndjson } }", "sink.connection", "is outside of the folders");

    [Fact]
    public async Task A_link_leads_to_where_it_leads()
    {
        File.CreateSymbolicLink(_folder["data/link.csv"], _outside["secret.csv"]);
        Directory.CreateSymbolicLink(_folder["data/folder"], _outside.Path);
        File.CreateSymbolicLink(_folder["data/good.csv"], _folder["data/in.csv"]);

        await RefusedAsync(Reads("data/link.csv"), "source.connection", "is outside of the folders");
        await RefusedAsync(Reads("data/folder/secret.csv"), "source.connection", "is outside of the folders");
        await RefusedAsync(Reads("data/folder/*.csv"), "source.connection", "is outside of the folders");
        using var added = await _service.SendAsync(HttpMethod.Post, "/pipelines", content: RunningService.Yaml(Reads("data/good.csv")));
        Assert.Equal(HttpStatusCode.Created, added.StatusCode);
    }

    [Fact]
    public async Task The_state_of_the_service_is_closed_even_inside_of_a_root() =>
        await RefusedAsync(Reads("state/dataflow.db"), "source.connection", "belongs to the service itself and is closed to its pipelines");

    [Theory]
    [InlineData("{ type: file, connection: data/in.csv, options: { on-complete: move, move-to: ../done } }", "source.options.move-to")]
    [InlineData("{ type: kafka, connection: 'localhost:9092', options: { topic: t, ca-file: /etc/ssl/ca.pem } }", "source.options.ca-file")]
    [InlineData("{ type: kafka, connection: 'localhost:9092', options: { topic: t, client: { ssl.crl.location: /etc/ssl/crl.pem } } }", "source.options.client")]
    [InlineData("{ type: websocket, connection: 'ws://localhost', options: { auth-type: bearer, auth-token-file: /run/secrets/token } }", "source.options.auth-token-file")]
    [InlineData("{ type: database, connection: 'jdbc:sqlite:/etc/app.db', options: { query: SELECT 1 } }", "source.connection")]
    [InlineData("{ type: database, connection: 'jdbc:postgresql://localhost/db?sslkey=/etc/ssl/key.pem', options: { query: SELECT 1 } }", "source.connection")]
    [InlineData("{ type: database, connection: 'Host=localhost;Root Certificate=/etc/ssl/ca.pem', options: { query: SELECT 1 } }", "source.connection")]
    public async Task Options_and_connections_that_name_files_are_confined_too(string source, string key) =>
        await RefusedAsync($"{{ name: p, source: {source}, sink: {{ type: 'null' }} }}", key, "is outside of the folders");

    [Fact]
    public async Task No_library_is_loaded_from_where_pipelines_can_write()
    {
        _folder.Write("drivers/Evil/Evil.dll", "not even a library");

        await RefusedAsync(
            "{ name: p, source: { type: database, connection: 'Server=x', options: { driver: Evil, query: SELECT 1 } }, sink: { type: 'null' } }",
            "source.options.driver",
            "would be loaded and run");
        await RefusedAsync(
            "{ name: p, source: { type: kafka, connection: 'localhost:9092', options: { topic: t, client: { plugin.library.paths: data/evil } } }, sink: { type: 'null' } }",
            "source.options.client",
            "would be loaded and run");
    }

    [Theory]
    [InlineData("${env:HOME}", "the environment variable HOME is closed to pipelines of this service; open are DATAFLOW_*.")]
    [InlineData("${env:HOME:-x}", "the environment variable HOME is closed")]
    [InlineData("${env:DATAFLOW_DATABASE}", "is the service's own and closed to its pipelines")]
    [InlineData("${file:/etc/hostname}", "is outside of the folders")]
    [InlineData("${file:state/dataflow.db}", "belongs to the service itself")]
    public async Task Values_come_only_from_open_variables_and_files(string value, string problem) => await RefusedAsync(
        $"{{ name: p, source: {{ type: api, connection: 'http://localhost', options: {{ auth-type: bearer, auth-token: '{value}' }} }}, sink: {{ type: 'null' }} }}",
        "source.options.auth-token",
        problem);

    [Fact]
    public async Task A_plan_is_no_way_around_it()
    {
        using var added = await _service.SendAsync(HttpMethod.Post, "/pipelines", content: RunningService.Yaml(Reads("data/in.csv")));
        Assert.Equal(HttpStatusCode.Created, added.StatusCode);

        await Problem.AssertAsync(
            HttpStatusCode.UnprocessableEntity, await _service.SendAsync(HttpMethod.Post, "/pipelines/p/plan", content: RunningService.Yaml(Reads("${file:/etc/hostname}"))));
    }

    private static string Reads(string path) => $"{{ name: p, source: {{ type: file, connection: '{path}' }}, sink: {{ type: 'null' }} }}";

    private async Task RefusedAsync(string yaml, string key, string message)
    {
        using var answer = await _service.SendAsync(HttpMethod.Post, "/pipelines", content: RunningService.Yaml(yaml));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.UnprocessableEntity, $"{answer.StatusCode}: {text}");
        var problem = JsonNode.Parse(text)!["problems"]!.AsArray().Single()!;
        Assert.Equal(key, (string)problem["key"]!);
        Assert.Contains(message, (string)problem["message"]!);
    }
}
