using System.Text;
using DataFlow.Conformance;
using DataFlow.Engine.Configuration;
using static DataFlow.Conformance.TestApiAnswers;

namespace DataFlow.UnitTests.Connectors;

public sealed class ApiRequestTests
{
    private const string OneUser = """{"data":[{"id":7,"name":"Alice","address":{"city":"Zürich"},"tags":[1,2],"note":null}]}""";

    [Fact]
    [Trait("claim", "API-01")]
    [Trait("claim", "API-02")]
    [Trait("claim", "API-06")]
    [Trait("claim", "API-14")]
    [Trait("claim", "API-19")]
    public async Task The_basic_example_sends_one_GET_without_credentials_and_takes_the_array_at_data()
    {
        await using var api = await TestApi.OfJsonAsync(OneUser);

        var run = await ApiRun.ToEnd(new Uri(api.Address, "/users"), ("method", "GET"), ("auth-type", "none"), ("response-path", "data"));

        var request = Assert.Single(api.Requests);
        Assert.Equal(("GET", "/users", ""), (request.Method, request.Target, request.Body));
        Assert.DoesNotContain("Authorization", request.Headers.Keys);
        Assert.Equal("7", Assert.Single(run.Ids));
    }

    [Fact]
    [Trait("claim", "API-01")]
    [Trait("claim", "API-14")]
    public async Task Left_out_options_have_the_defaults_of_the_guide()
    {
        await using var api = await TestApi.OfJsonAsync(OneUser);

        await ApiRun.ToEnd(api.Address);

        Assert.Equal(("GET", "/"), (api.Requests[0].Method, api.Requests[0].Target));
    }

    [Theory]
    [Trait("claim", "API-01")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    public void Other_verbs_are_refused(string verb)
    {
        var error = Assert.Throws<ConfigurationException>(() => new ApiRun(new FileSourceContext(), new Uri("http://localhost/"), ("method", verb)));
        Assert.Contains($"'{verb}' is not allowed; write GET or POST.", error.Message);
    }

    [Fact]
    [Trait("claim", "API-23")]
    [Trait("claim", "API-24")]
    [Trait("claim", "REC-02")]
    public async Task Each_element_is_a_record_with_its_id_nested_values_as_JSON_text_and_metadata()
    {
        await using var api = await TestApi.OfJsonAsync(OneUser);

        var run = await ApiRun.ToEnd(new Uri(api.Address, "/users?token=s3cret&q=1"));

        var record = Assert.Single(run.Records);
        Assert.Equal("7", record.Id);
        Assert.Equal(
            new Dictionary<string, string> { ["name"] = "Alice", ["address"] = """{"city":"Zürich"}""", ["tags"] = "[1,2]", ["note"] = "" },
            record.Data);
        Assert.Equal("""{"id":7,"name":"Alice","address":{"city":"Zürich"},"tags":[1,2],"note":null}""", run.Raw[0]);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["source"] = "api",
                ["source_id"] = "file-source-pipeline-1-000001",
                ["api_url"] = new Uri(api.Address, "/users?token=***&q=1").AbsoluteUri,
                ["page"] = "1",
                ["format"] = "json",
                ["timestamp"] = "2024-01-01T10:00:00Z",
            },
            record.Metadata);
    }

    [Fact]
    public async Task The_id_can_have_another_name()
    {
        await using var api = await TestApi.OfJsonAsync("""{"data":[{"id":1,"user_id":"u-7"}]}""");

        var record = Assert.Single((await ApiRun.ToEnd(api.Address, ("id-field", "user_id"))).Records);

        Assert.Equal("u-7", record.Id);
        Assert.Equal(new Dictionary<string, string> { ["id"] = "1" }, record.Data);
    }

    [Fact]
    [Trait("claim", "API-23")]
    public async Task A_record_without_an_id_gets_one_that_is_the_same_when_it_is_read_again()
    {
        await using var api = await TestApi.OfJsonAsync("""{"data":[{"a":1},{"a":1},{"id":null,"a":2}]}""");

        var first = await ApiRun.ToEnd(api.Address);
        var second = await ApiRun.ToEnd(api.Address);

        Assert.Equal(3, first.Ids.Distinct().Count());
        Assert.Equal(first.Ids, second.Ids);
        Assert.All(first.Records, record => Assert.Equal(record.DeliveryId.ToString(), record.Id));
    }

    [Fact]
    [Trait("claim", "API-02")]
    [Trait("claim", "API-03")]
    public async Task Basic_sends_user_and_password()
    {
        await using var api = await TestApi.OfJsonAsync(OneUser);

        await ApiRun.ToEnd(api.Address, ("auth-type", "basic"), ("auth-username", "myuser"), ("auth-password", "pässword:1"));

        Assert.Equal($"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes("myuser:pässword:1"))}", api.Requests[0].Headers["Authorization"]);
    }

    [Theory]
    [Trait("claim", "API-03")]
    [InlineData("basic", "auth-username")]
    [InlineData("basic", "auth-password")]
    [InlineData("bearer", "auth-token")]
    [InlineData("api-key", "auth-token")]
    [InlineData("oauth2-client-credentials", "auth-token-url")]
    public void What_an_auth_type_needs_must_be_given(string type, string missing)
    {
        var error = Assert.Throws<ConfigurationException>(() => new ApiRun(new FileSourceContext(), new Uri("http://localhost/"), ("auth-type", type)));
        Assert.Contains($"auth-type is {type}, which needs {missing}", error.Message);
    }

    [Fact]
    [Trait("claim", "API-02")]
    [Trait("claim", "API-04")]
    public async Task Bearer_sends_the_token_in_Authorization()
    {
        await using var api = await TestApi.OfJsonAsync(OneUser);

        await ApiRun.ToEnd(api.Address, ("auth-type", "bearer"), ("auth-token", "your-jwt-token-here"));

        Assert.Equal("Bearer your-jwt-token-here", api.Requests[0].Headers["Authorization"]);
    }

    [Theory]
    [Trait("claim", "API-02")]
    [Trait("claim", "API-05")]
    [InlineData("X-API-Key", null)]
    [InlineData("X-My-Key", "X-My-Key")]
    public async Task An_api_key_goes_into_its_header(string header, string? name)
    {
        await using var api = await TestApi.OfJsonAsync(OneUser);

        await ApiRun.ToEnd(api.Address, [("auth-type", "api-key"), ("auth-token", "your-api-key"), .. name is null ? [] : new[] { ("auth-key-name", name) }]);

        Assert.Equal("your-api-key", api.Requests[0].Headers[header]);
    }

    [Fact]
    public async Task An_api_key_can_go_into_the_query_or_a_cookie_and_is_masked_there()
    {
        await using var api = await TestApi.OfJsonAsync(OneUser);

        var run = await ApiRun.ToEnd(new Uri(api.Address, "/users?a=b"), ("auth-type", "api-key"), ("auth-token", "k&y"), ("auth-key-name", "appid"), ("auth-key-in", "query"));
        await ApiRun.ToEnd(api.Address, ("auth-type", "api-key"), ("auth-token", "k&y"), ("auth-key-name", "session"), ("auth-key-in", "cookie"));

        Assert.Equal("/users?a=b&appid=k%26y", api.Requests[0].Target);
        Assert.Equal("session=k%26y", api.Requests[1].Headers["Cookie"]);
        Assert.Equal(new Uri(api.Address, "/users?a=b").AbsoluteUri, run.Records[0].Metadata["api_url"]);
    }

    [Fact]
    [Trait("claim", "API-16")]
    public async Task Headers_are_JSON_text_and_a_Content_Type_on_a_GET_is_sent_all_the_same()
    {
        await using var api = await TestApi.OfJsonAsync(OneUser);

        await ApiRun.ToEnd(api.Address, ("headers", """{"Content-Type":"application/json","X-Custom-Header":"value"}"""));

        Assert.Equal("application/json", api.Requests[0].Headers["Content-Type"]);
        Assert.Equal("value", api.Requests[0].Headers["X-Custom-Header"]);
        Assert.Equal("GET", api.Requests[0].Method);
    }

    [Fact]
    [Trait("claim", "API-16")]
    public void Headers_can_be_a_YAML_map_and_a_broken_one_is_named()
    {
        const string yaml = "source: { type: api, connection: 'http://localhost/', options: { headers: { Accept: text/json } } }\nsink: { type: 'null' }\n";
        PipelineFile.Parse(yaml, "a.yaml", BuiltInCatalogue.Instance);

        var error = Assert.Throws<ConfigurationException>(() => PipelineFile.Parse(yaml.Replace("Accept", "'bad name'"), "a.yaml", BuiltInCatalogue.Instance));
        Assert.Contains("'bad name' is no header that can be sent", error.Message);
    }

    [Fact]
    [Trait("claim", "API-15")]
    [Trait("claim", "API-21")]
    public async Task The_GitHub_example_works_as_written()
    {
        await using var api = await TestApi.StartAsync((context, _) =>
        {
            // GitHub refuses requests without a User-Agent.
            var page = context.Number("page");
            return context.Request.Headers.UserAgent.Count == 0
                ? context.JsonAsync("""{"message":"Request forbidden by administrative rules."}""", 403)
                : context.JsonAsync(Users(page * 1000, page < 3 ? 100 : 14));
        });

        var run = await ApiRun.ToEnd(
            new Uri(api.Address, "/repos/apache/pekko/issues"),
            ("method", "GET"), ("auth-type", "bearer"), ("auth-token", "ghp_x"), ("pagination-type", "page"), ("pagination-param", "page"),
            ("pagination-size-param", "per_page"), ("pagination-size", "100"), ("response-path", "."),
            ("headers", """{"Accept":"application/vnd.github.v3+json"}"""));

        Assert.Equal(214, run.Records.Count);
        Assert.Equal("/repos/apache/pekko/issues?page=3&per_page=100", api.Targets.Last());
        Assert.All(api.Requests, request => Assert.Equal("application/vnd.github.v3+json", request.Headers["Accept"]));
        Assert.All(api.Requests, request => Assert.StartsWith("DataFlow/", request.Headers["User-Agent"]));
    }

    [Fact]
    public async Task Parameters_in_the_connection_are_kept()
    {
        await using var api = await TestApi.OfJsonAsync("""{"data":[]}""");

        await ApiRun.ToEnd(new Uri($"{api.Address.OriginalString}/users?filter=a%20b&page=9&x"), ("pagination-type", "page"));

        Assert.Equal("/users?filter=a%20b&x&page=1&per_page=100", api.Targets.Single());
    }

    [Fact]
    public async Task A_POST_sends_its_template_with_the_values_of_the_request()
    {
        await using var api = await TestApi.OfJsonAsync(
            """{"data":[{"id":1}],"next_cursor":"a\"b"}""", """{"data":[{"id":2}]}""");

        await ApiRun.ToEnd(
            api.Address, ("method", "POST"), ("body", """{"query":{"cursor":"{{cursor}}","max":{{size}}}}"""), ("pagination-type", "cursor"), ("pagination-in", "body"),
            ("pagination-size-param", "limit"));

        Assert.Equal("""{"query":{"cursor":"","max":100}}""", api.Requests[0].Body);
        Assert.Equal("""{"query":{"cursor":"a\u0022b","max":100}}""", api.Requests[1].Body);
        Assert.Equal("application/json", api.Requests[1].Headers["Content-Type"]);
        Assert.Equal("/", api.Requests[1].Target);
    }

    [Fact]
    public async Task A_cursor_is_put_into_a_JSON_body_by_its_path()
    {
        await using var api = await TestApi.OfJsonAsync("""{"data":[{"id":1}],"meta":{"next":"c2"}}""", """{"data":[]}""");

        await ApiRun.ToEnd(
            api.Address, ("method", "POST"), ("body", """{"filter":"open"}"""), ("pagination-type", "cursor"), ("pagination-in", "body"),
            ("pagination-param", "paging.after"), ("pagination-size-param", "paging.first"), ("cursor-path", "meta.next"));

        Assert.Equal("""{"filter":"open","paging":{"first":100}}""", api.Requests[0].Body);
        Assert.Equal("""{"filter":"open","paging":{"after":"c2","first":100}}""", api.Requests[1].Body);
    }

    [Fact]
    [Trait("claim", "API-22")]
    public async Task The_endpoint_is_polled_again_after_the_interval_and_all_pages_of_a_poll_are_read()
    {
        await using var api = await TestApi.OfJsonAsync((context, _) => $$"""{"data":{{Users(context.Number("page"), context.Number("page") < 3 ? 2 : 0)}}}""");
        var context = ApiRun.Impatient(Until.Forever);
        await using var run = new ApiRun(context, api.Address, ("pagination-type", "page"), ("pagination-size", "2"));

        for (var page = 1; page <= 3; page++)
        {
            Assert.True(await run.Next());
        }

        var start = context.Clock.GetUtcNow();
        Assert.True(await run.Next());

        Assert.Equal(context.PollInterval, context.Clock.GetUtcNow() - start);
        Assert.Equal(["page=1", "page=2", "page=3", "page=1"], api.Targets.Take(4).Select(target => target.Split('?')[1].Split('&')[0]));
        Assert.Equal(1, context.CaughtUpCalls);
    }
}
