using System.Net;
using System.Text.Json.Nodes;

namespace DataFlow.IntegrationTests.Service;

/// <summary>Pipelines and their definitions, over HTTP.</summary>
public sealed class PipelineApiTests(TestService service) : IClassFixture<TestService>
{
    [Theory]
    [InlineData("application/yaml")]
    [InlineData("text/yaml")]
    [InlineData("application/json")]
    public async Task A_pipeline_is_added_as_yaml_or_json_and_shown_as_either(string type)
    {
        var name = $"added-{type.Replace('/', '-')}";
        var definition = type == "application/json"
            ? $$"""{ "name": "{{name}}", "source": { "type": "test", "options": { "total-records": 3 } }, "sink": { "type": "null" } }"""
            : $$"""
              name: {{name}} # a comment
              source: { type: test, options: { total-records: 3 } }
              sink: { type: "null" }
              """;

        var added = await service.SendAsync(HttpMethod.Post, "pipelines", definition, type);

        added.Is(HttpStatusCode.Created);
        Assert.Equal("\"1\"", added.ETag);
        Assert.Equal($"/pipelines/{name}", added.Headers.Location!.ToString());
        Assert.Equal("created", added.Json["state"]!.GetValue<string>());
        var shown = (await service.GetAsync($"pipelines/{name}")).Is(HttpStatusCode.OK);
        Assert.Equal("\"1\"", shown.ETag);
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse($$"""{ "name": "{{name}}", "source": { "type": "test", "options": { "total-records": 3 } }, "sink": { "type": "null" } }"""),
            shown.Json["definition"]));
        var yaml = (await service.SendAsync(HttpMethod.Get, $"pipelines/{name}", accept: "application/yaml")).Is(HttpStatusCode.OK);
        Assert.Equal("application/yaml", yaml.Type);
        Assert.Equal($"name: {name}\nsource:\n  type: test\n  options:\n    total-records: 3\nsink:\n  type: \"null\"\n", yaml.Text);
    }

    [Fact]
    public async Task What_is_shown_can_be_sent_back()
    {
        await service.AddAsync(Definitions.Csv("round-trip", "in.csv", "transforms:\n  - filter: \"id <> '7'\"\nworkers: 1"));
        var yaml = await service.SendAsync(HttpMethod.Get, "pipelines/round-trip", accept: "application/yaml");

        var changed = await service.SendAsync(HttpMethod.Put, "pipelines/round-trip", yaml.Text, ifMatch: yaml.ETag);

        changed.Is(HttpStatusCode.OK);
        Assert.Equal("\"2\"", changed.ETag);
        var plan = await service.SendAsync(HttpMethod.Post, "pipelines/round-trip/plan", Definitions.Csv("round-trip", "in.csv", "transforms:\n  - filter: \"id <> '7'\"\nworkers: 1"));
        Assert.Equal("unchanged", plan.Json["outcome"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_name_may_come_with_the_address_and_must_come_from_somewhere()
    {
        const string Nameless = "source: { type: test }\nsink: { type: \"null\" }";

        (await service.SendAsync(HttpMethod.Post, "pipelines?name=from-the-address", Nameless)).Is(HttpStatusCode.Created);
        (await service.SendAsync(HttpMethod.Post, "pipelines", Nameless)).IsProblem(HttpStatusCode.BadRequest, "bad-request", "name");
        (await service.SendAsync(HttpMethod.Post, "pipelines?name=other", "name: this\n" + Nameless))
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid-definition");
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("-x")]
    [InlineData("Ünï")]
    public async Task A_name_never_leads_elsewhere(string name)
    {
        var refused = await service.SendAsync(HttpMethod.Post, $"pipelines?name={Uri.EscapeDataString(name)}", "source: { type: test }\nsink: { type: \"null\" }");

        refused.IsProblem(HttpStatusCode.BadRequest, "bad-request", "can't be a pipeline's name");
        Assert.Empty(Directory.GetFiles(service.Folder, "*.yaml", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Two_pipelines_can_not_have_one_name()
    {
        await service.AddAsync(Definitions.Endless("twin"));

        (await service.SendAsync(HttpMethod.Post, "pipelines", Definitions.Endless("twin", 1)))
            .IsProblem(HttpStatusCode.Conflict, "conflict", "'twin'", "another name");
    }

    [Fact]
    public async Task A_definition_that_does_not_validate_is_refused_with_everything_that_is_wrong_with_it()
    {
        var refused = await service.SendAsync(HttpMethod.Post, "pipelines", "name: broken\nsource:\n  type: fil\n  connection: a.csv\nsink:\n  type: file\n  connection: b\n  options: { formt: csv }\n");

        refused.IsProblem(HttpStatusCode.UnprocessableEntity, "invalid-definition", "2 things");
        var problems = refused.Json["problems"]!.AsArray();
        Assert.Equal([3, 8], problems.Select(problem => problem!["line"]!.GetValue<int>()));
        Assert.Equal(["source.type", "sink.options.formt"], problems.Select(problem => problem!["key"]!.GetValue<string>()));
        Assert.All(problems, problem => Assert.Contains("Did you mean", problem!["message"]!.GetValue<string>(), StringComparison.Ordinal));
        (await service.GetAsync("pipelines/broken")).Is(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_change_names_the_version_that_it_was_made_from()
    {
        await service.AddAsync(Definitions.Endless("versioned"));
        var changed = Definitions.Endless("versioned", 100);

        (await service.SendAsync(HttpMethod.Put, "pipelines/versioned", changed)).IsProblem(HttpStatusCode.PreconditionRequired, "version-required", "If-Match");
        (await service.SendAsync(HttpMethod.Put, "pipelines/versioned", changed, ifMatch: "latest")).IsProblem(HttpStatusCode.BadRequest, "bad-request", "latest");
        (await service.SendAsync(HttpMethod.Put, "pipelines/versioned", changed, ifMatch: "\"9\"")).IsProblem(HttpStatusCode.PreconditionFailed, "wrong-version", "'versioned'");
        var done = (await service.SendAsync(HttpMethod.Put, "pipelines/versioned", changed, ifMatch: "\"1\"")).Is(HttpStatusCode.OK);
        Assert.Equal("\"2\"", done.ETag);
        (await service.SendAsync(HttpMethod.Put, "pipelines/versioned", changed, ifMatch: "\"1\"")).IsProblem(HttpStatusCode.PreconditionFailed, "wrong-version");
        Assert.Equal("\"3\"", (await service.SendAsync(HttpMethod.Put, "pipelines/versioned", changed, ifMatch: "*")).Is(HttpStatusCode.OK).ETag);
    }

    [Fact]
    public async Task Removing_names_the_version_too_and_keeps_the_history()
    {
        await service.AddAsync(Definitions.Endless("gone"));

        (await service.SendAsync(HttpMethod.Delete, "pipelines/gone")).IsProblem(HttpStatusCode.PreconditionRequired, "version-required");
        (await service.SendAsync(HttpMethod.Delete, "pipelines/gone", ifMatch: "\"2\"")).IsProblem(HttpStatusCode.PreconditionFailed, "wrong-version");
        (await service.SendAsync(HttpMethod.Delete, "pipelines/gone", ifMatch: "\"1\"")).Is(HttpStatusCode.NoContent);
        (await service.GetAsync("pipelines/gone")).IsProblem(HttpStatusCode.NotFound, "not-found", "'gone'");
        var history = (await service.GetAsync("pipelines/gone/history")).Is(HttpStatusCode.OK);
        Assert.Equal("removed", history.Json["items"]![0]!["event"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_pipeline_that_runs_is_neither_changed_nor_removed()
    {
        await service.AddAsync(Definitions.Endless("busy"), start: true);

        (await service.SendAsync(HttpMethod.Put, "pipelines/busy", Definitions.Endless("busy", 1), ifMatch: "*")).IsProblem(HttpStatusCode.Conflict, "conflict", "stop it first");
        (await service.SendAsync(HttpMethod.Delete, "pipelines/busy", ifMatch: "*")).IsProblem(HttpStatusCode.Conflict, "conflict", "stop it first");
    }

    [Fact]
    public async Task The_list_comes_in_parts_and_by_state()
    {
        foreach (var name in (string[])["list-a", "list-b", "list-c", "list-d", "list-e"])
        {
            await service.AddAsync(Definitions.Endless(name));
        }

        var seen = new List<string>();
        var after = "list-";
        while (after is not null)
        {
            var page = (await service.GetAsync($"pipelines?state=created&limit=2&after={after}")).Is(HttpStatusCode.OK).Json;
            var items = page["items"]!.AsArray();
            Assert.True(items.Count <= 2);
            seen.AddRange(items.Select(item => item!["name"]!.GetValue<string>()));
            after = page["next"]?.GetValue<string>();
        }

        Assert.Equal(["list-a", "list-b", "list-c", "list-d", "list-e"], seen.Where(name => name.StartsWith("list-", StringComparison.Ordinal)));
        Assert.DoesNotContain("list-a", (await service.GetAsync("pipelines?state=failed")).Is(HttpStatusCode.OK).Text, StringComparison.Ordinal);
        (await service.GetAsync("pipelines?state=runing")).IsProblem(HttpStatusCode.BadRequest, "bad-request", "'runing'", "Did you mean 'running'?");
        (await service.GetAsync("pipelines?limit=0")).IsProblem(HttpStatusCode.BadRequest, "bad-request", "1 to 1000");
        (await service.GetAsync("pipelines?limit=many")).IsProblem(HttpStatusCode.BadRequest, "bad-request", "limit is 'many'", "a whole number");
    }

    [Fact]
    public async Task A_plan_says_what_a_change_would_do()
    {
        service.Write("plan.csv", "id\n1\n2\n");
        await service.AddAsync(Definitions.Csv("planned", "plan.csv"), start: true);
        await service.ReachesAsync("planned", "completed");

        var unchanged = await PlanAsync(Definitions.Csv("planned", "plan.csv") + "\n# nothing");
        Assert.Equal("unchanged", unchanged["outcome"]!.GetValue<string>());
        Assert.False(unchanged["mustStop"]!.GetValue<bool>());
        var restart = await PlanAsync(Definitions.Csv("planned", "plan.csv", "workers: 1"));
        Assert.Equal("restart", restart["outcome"]!.GetValue<string>());
        var change = Assert.Single(restart["changes"]!.AsArray())!;
        Assert.Equal(("workers", "0", "1"), (change["key"]!.GetValue<string>(), change["before"]!.GetValue<string>(), change["after"]!.GetValue<string>()));
        var reread = await PlanAsync(Definitions.Csv("planned", "plan.csv").Replace("format: csv", "format: csv, encoding: utf-16"));
        Assert.Equal("would-re-read", reread["outcome"]!.GetValue<string>());
        Assert.Contains("state is reset", reread["explanation"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains(reread["changes"]!.AsArray(), entry => entry!["key"]!.GetValue<string>() == "source.options.encoding" && entry["isIdentity"]!.GetValue<bool>());
        Assert.Equal("\"1\"", (await service.GetAsync("pipelines/planned")).ETag);
    }

    private async Task<JsonNode> PlanAsync(string definition) =>
        (await service.SendAsync(HttpMethod.Post, "pipelines/planned/plan", definition)).Is(HttpStatusCode.OK).Json;
}
