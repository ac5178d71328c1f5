using System.Net;
using System.Text.Json.Nodes;
using DataFlow.Conformance;
using Microsoft.Data.Sqlite;

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

    [Theory]
    [InlineData("data/*.csv")]
    [InlineData("data/**/*.csv")]
    public async Task A_link_that_a_pattern_matches_fails_the_pipeline_instead_of_leading_out(string pattern)
    {
        File.CreateSymbolicLink(_folder["data/link.csv"], _outside["secret.csv"]);
        Directory.CreateSymbolicLink(_folder["data/folder"], _outside.Path);

        await FailsAsync(
            $"{{ name: p, source: {{ type: file, connection: '{pattern}', options: {{ format: csv }} }}, sink: {{ type: file, connection: out.ndjson }} }}",
            "is outside of the folders that pipelines of this service may use");

        Assert.True(!File.Exists(_folder["out.ndjson"]) || new FileInfo(_folder["out.ndjson"]).Length == 0);
    }

    [Fact]
    public async Task A_link_that_stays_inside_is_read_by_a_pattern()
    {
        File.CreateSymbolicLink(_folder["data/good.csv"], _folder.Write("more.csv", "id\n2\n"));
        await _service.AddAsync("{ name: p, source: { type: file, connection: 'data/*.csv', options: { format: csv } }, sink: { type: file, connection: out.ndjson } }");
        await Eventually.IsAsync(async () =>
        {
            var pipeline = await _service.GetAsync("/pipelines/p");
            return ((string)pipeline["state"]! == "completed", pipeline.ToJsonString());
        });
        Assert.Equal(2, File.ReadAllLines(_folder["out.ndjson"]).Length);
    }

    [Theory]
    [InlineData("ATTACH DATABASE ''{0}'' AS other", "It must be a SELECT")]
    [InlineData("VACUUM INTO ''{0}.copy''", "It must be a SELECT")]
    [InlineData("SELECT load_extension(''{0}'')", "not authorized")]
    public async Task Statements_of_sqlite_reach_no_other_file(string statement, string problem)
    {
        var other = _outside["other.db"];
        await using (var connection = new SqliteConnection($"Data Source={_folder["app.db"]};Pooling=False"))
        {
            await connection.OpenAsync(TestContext.Current.CancellationToken);
        }

        await FailsAsync(
            $"{{ name: p, source: {{ type: database, connection: 'jdbc:sqlite:app.db', options: {{ query: '{string.Format(null, statement, other)}' }} }}, sink: {{ type: 'null' }} }}",
            problem);

        Assert.Equal(["secret.csv"], Directory.GetFiles(_outside.Path).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("source: { type: database, connection: 'Server=localhost;User ID=u;AllowLoadLocalInfile=true', options: { driver: mysql, query: SELECT 1 } }, sink: { type: 'null' }")]
    [InlineData("source: { type: test }, sink: { type: database, connection: 'Server=localhost;User ID=u;Allow Load Local Infile=true', options: { driver: mysql, table: t } }")]
    public async Task No_server_may_ask_for_files_of_the_machine(string pipeline) =>
        await FailsAsync($"{{ name: p, {pipeline} }}", "AllowLoadLocalInfile, which lets the server read files of this machine");

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

    private async Task FailsAsync(string yaml, string message)
    {
        using var added = await _service.SendAsync(HttpMethod.Post, "/pipelines", content: RunningService.Yaml(yaml));
        Assert.True(added.StatusCode == HttpStatusCode.Created, await added.Content.ReadAsStringAsync());
        using var started = await _service.SendAsync(HttpMethod.Post, "/pipelines/p/start");
        await Eventually.IsAsync(async () =>
        {
            var pipeline = await _service.GetAsync("/pipelines/p");
            return ((string)pipeline["state"]! == "failed" && ((string?)pipeline["reason"] ?? "").Contains(message, StringComparison.Ordinal), pipeline.ToJsonString());
        });
    }

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
