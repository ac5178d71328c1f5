using System.IO.Compression;
using System.Text;
using DataFlow.Conformance;
using DataFlow.Engine.Configuration;
using Microsoft.AspNetCore.Http;

namespace DataFlow.UnitTests.Connectors;

public sealed class ApiAnswerTests
{
    [Theory]
    [Trait("claim", "API-14")]
    [Trait("claim", "API-15")]
    [InlineData("data", """{"meta":{"data":[9]},"data":[{"id":1},{"id":2}]}""")]
    [InlineData("result.users", """{"result":{"count":2,"users":[{"id":1},{"id":2}]},"users":[3]}""")]
    [InlineData(".", """[{"id":1},{"id":2}]""")]
    [InlineData("['a.b'].c", """{"a":{"b":[5]},"a.b":{"c":[{"id":1},{"id":2}]}}""")]
    [InlineData("pages[1].rows", """{"pages":[{"rows":[7]},{"rows":[{"id":1},{"id":2}]},{"rows":[8]}]}""")]
    [InlineData("groups[*].members", """{"groups":[{"members":[{"id":1}]},{"other":1},{"members":[{"id":2}]}]}""")]
    [InlineData("data[*]", """{"data":[{"id":1},{"id":2}]}""")]
    [InlineData("data", "\uFEFF{ \"data\" : [ {\"id\" : 1} ,\n {\"id\":2} ]\r\n, \"x\": {\"y\": [[]]} }")]
    public async Task The_response_path_leads_to_the_records(string path, string answer)
    {
        await using var api = await TestApi.OfJsonAsync(answer);

        var run = await ApiRun.ToEnd(api.Address, ("response-path", path));

        Assert.Equal(["1", "2"], run.Ids);
    }

    [Theory]
    [InlineData("a..b")]
    [InlineData("a.")]
    [InlineData("a[")]
    [InlineData("a[x]")]
    [InlineData("")]
    public void A_path_that_is_none_is_refused(string path)
    {
        var error = Assert.Throws<ConfigurationException>(() => new ApiRun(new FileSourceContext(), new Uri("http://localhost/"), ("response-path", path)));
        Assert.Contains("response-path", error.Message);
    }

    [Theory]
    [Trait("claim", "API-32")]
    [Trait("claim", "OPS-08")]
    [InlineData("""{"items":[1],"total":1}""", "it leads to nothing. At its top the answer has 'items', 'total'.")]
    [InlineData("""{"data":{"id":1}}""", "it leads to an object. At its top the answer has 'data'.")]
    [InlineData("""{"data":"none"}""", "it leads to a string.")]
    [InlineData("""{"data":null}""", "it leads to null.")]
    [InlineData("""[{"id":1}]""", "it leads to nothing. The answer is an array itself: use response-path '.'.")]
    public async Task A_response_path_that_is_no_array_is_an_error_that_shows_what_is_there(string answer, string found)
    {
        await using var api = await TestApi.OfJsonAsync(answer);

        var error = await ApiRun.Failure(api.Address);

        Assert.StartsWith($"Response path 'data' did not return array: {found}", error.Message);
        Assert.Contains("Set response-path to the array that holds the records.", error.Message);
        Assert.Contains(answer, error.Message);
        Assert.Equal((FaultOwner.User, RetryKind.Never), (error.Owner, error.Retry.Kind));
        Assert.Single(api.Requests);
    }

    [Fact]
    [Trait("claim", "API-33")]
    [Trait("claim", "OPS-08")]
    public async Task An_answer_that_is_HTML_is_an_error_that_shows_status_type_and_first_bytes()
    {
        await using var api = await TestApi.StartAsync((context, _) =>
        {
            context.Response.ContentType = "text/html";
            return context.Response.WriteAsync("<html><body>Please log in: secret-token</body></html>");
        });

        var error = await ApiRun.Failure(api.Address, ("auth-type", "bearer"), ("auth-token", "secret-token"));

        Assert.StartsWith("Failed to parse API response: ", error.Message);
        Assert.Contains("answered status 200, text/html, starting with: <html><body>Please log in: ***</body></html>", error.Message);
        Assert.Contains("Content-Type", error.Message);
        Assert.Equal(FaultOwner.User, error.Owner);
    }

    [Theory]
    [InlineData("""{"data":[{"id":1},{"id":2}""")]
    [InlineData("""{"data":[{"id":1},{"id":2}]""")]
    [InlineData("""{"data":[{"id":1},{"id":""")]
    [InlineData("")]
    [Trait("claim", "API-33")]
    [Trait("claim", "API-25")]
    public async Task Truncated_JSON_is_asked_for_again_and_no_record_of_it_is_taken(string truncated)
    {
        await using var api = await TestApi.OfJsonAsync(truncated, truncated, """{"data":[{"id":1},{"id":2},{"id":3}]}""");

        var run = await ApiRun.ToEnd(api.Address);

        Assert.Equal(["1", "2", "3"], run.Ids);
        Assert.Equal(3, api.Requests.Count);
        Assert.Contains(run.Context.Messages, message => message.Contains("Failed to parse API response: the JSON ends too early"));
    }

    [Theory]
    [InlineData("""{"data":[{"id":1} {"id":2}]}""", "expected ',' or ']' after a record")]
    [InlineData("""{"data":[{"id":1},]}""", "expected a JSON value")]
    [InlineData("""{"data":[{"id":01}]}""", "in record 1: found '1', expected no digit after a leading zero")]
    [InlineData("""{"data":[]} trailing""", "after a single JSON value")]
    [Trait("claim", "API-33")]
    public async Task Invalid_JSON_says_where(string answer, string message)
    {
        await using var api = await TestApi.OfJsonAsync(answer);

        var error = await ApiRun.Failure(api.Address);

        Assert.StartsWith("Failed to parse API response: ", error.Message);
        Assert.Contains(message, error.Message);
    }

    [Fact]
    public async Task An_error_in_an_answer_with_status_200_is_a_failure_and_not_an_empty_page()
    {
        await using var api = await TestApi.OfJsonAsync("""{"ok":false,"error":"quota","data":[]}""", """{"ok":true,"error":null,"data":[{"id":1}]}""");

        var run = await ApiRun.ToEnd(api.Address, ("error-path", "error"));
        var error = await ApiRun.Failure((await TestApi.OfJsonAsync("""{"error":{"code":5},"data":[]}""")).Address, ("error-path", "error"), ("max-retries", "0"));

        Assert.Equal(["1"], run.Ids);
        Assert.Contains("""answered status 200 with an error at 'error': {"error":{"code":5},"data":[]}""", error.Message);
        Assert.Equal(RetryKind.WithBackoff, error.Retry.Kind);
    }

    [Fact]
    public async Task Records_that_span_lines_stand_on_one_line_and_odd_ones_cost_only_themselves()
    {
        var deep = new string('[', 80) + new string(']', 80);
        await using var api = await TestApi.OfJsonAsync($$"""
            {"data": [
              {"id": 1,
               "text": "a b\n"},
              42, "text", null, [1,
                2],
              {"id": 2, "a": 1, "b": 2, "c": 3, "d": 4},
              {"id": 3, "deep": {{deep}} },
              {"id": 4, "long": "{{new string('x', 500)}}"}, {"id":5}
            ]}
            """);

        var run = await ApiRun.ToEnd(api.Address, ("max-fields", "4"), ("max-record-bytes", "400"));

        Assert.Equal(["""{"id":1,"text":"a b\n"}""", "42", "\"text\"", "null", "[1,2]", """{"id":5}"""], run.Raw);
        Assert.Equal(["too-many-fields", "too-deep", "record-too-long"], run.Errors.Select(error => error.Reason));
        Assert.Equal(9, run.Records.Select(record => record.DeliveryId).Concat(run.Errors.Select(error => error.DeliveryId)).Distinct().Count());
    }

    [Fact]
    public async Task Bytes_that_are_not_UTF8_are_replaced_and_other_charsets_are_decoded()
    {
        await using var api = await TestApi.StartAsync(async (context, number) =>
        {
            context.Response.ContentType = number == 1 ? "application/json" : "application/json; charset=iso-8859-1";
            await context.Response.Body.WriteAsync(Encoding.Latin1.GetBytes("""{"data":[{"name":"Zürich"}]}"""));
        });

        Assert.Equal("Z\uFFFDrich", (await ApiRun.ToEnd(api.Address)).Records[0]["name"]);
        Assert.Equal("Zürich", (await ApiRun.ToEnd(api.Address)).Records[0]["name"]);
    }

    [Theory]
    [InlineData("application/x-ndjson", "auto", "{\"id\":1,\"a\":\"x\"}\n\n{\"id\":2,\"a\":\"y\"}\n")]
    [InlineData("text/plain", "ndjson", "{\"id\":1,\"a\":\"x\"}\r\n{\"id\":2,\"a\":\"y\"}")]
    [InlineData("text/csv; charset=utf-8", "auto", "id,a\r\n1,x\r\n2,\"y\"\r\n")]
    [InlineData("application/octet-stream", "csv", "id,a\n1,x\n2,y\n")]
    public async Task NDJSON_and_CSV_are_read_too(string type, string format, string body)
    {
        await using var api = await TestApi.StartAsync((context, _) =>
        {
            context.Response.ContentType = type;
            return context.Response.WriteAsync(body);
        });

        var run = await ApiRun.ToEnd(api.Address, ("response-format", format));

        Assert.Equal(["1", "2"], run.Ids);
        Assert.Equal(["x", "y"], run.Records.Select(record => record["a"]));
        Assert.Equal(2, run.Records.Select(record => record.DeliveryId).Distinct().Count());
    }

    [Fact]
    public async Task Gzip_is_asked_for_and_a_body_that_was_cut_is_not_taken_for_a_short_one()
    {
        var lines = string.Concat(Enumerable.Range(1, 500).Select(id => $$"""{"id":{{id}}}""" + "\n"));
        var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            await gzip.WriteAsync(Encoding.UTF8.GetBytes(lines));
        }

        await using var api = await TestApi.StartAsync(async (context, number) =>
        {
            Assert.Equal("gzip", context.Request.Headers.AcceptEncoding);
            context.Response.ContentType = "application/x-ndjson";
            context.Response.Headers.ContentEncoding = "gzip";
            await context.Response.Body.WriteAsync(packed.ToArray().AsMemory(0, (int)packed.Length - (number == 1 ? 300 : 0)));
        });

        var run = await ApiRun.ToEnd(api.Address);

        Assert.Equal(500, run.Records.Count);
        Assert.Equal(2, api.Requests.Count);
        Assert.Contains(run.Context.Messages, message => message.Contains("the compressed body ends too early"));
    }

    [Fact]
    public async Task Gzip_members_that_follow_each_other_are_one_body()
    {
        var packed = new MemoryStream();
        foreach (var id in new[] { 1, 2 })
        {
            await using var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true);
            await gzip.WriteAsync(Encoding.UTF8.GetBytes($$"""{"id":{{id}}}""" + "\n"));
        }

        await using var api = await TestApi.StartAsync(async (context, _) =>
        {
            context.Response.ContentType = "application/x-ndjson";
            context.Response.Headers.ContentEncoding = "gzip";
            await context.Response.Body.WriteAsync(packed.ToArray());
        });

        Assert.Equal(["1", "2"], (await ApiRun.ToEnd(api.Address, ("max-retries", "0"))).Ids);
    }

    [Fact]
    public async Task A_large_page_that_breaks_off_after_records_of_it_were_handed_on_loses_and_doubles_none()
    {
        const int count = 60_000;
        await using var api = await TestApi.StartAsync(async (context, number) =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{\"data\":[");
            for (var id = 0; id < (number == 1 ? count - 10_000 : count); id += 1000)
            {
                await context.Response.WriteAsync(string.Join(',', Enumerable.Range(id, 1000).Select(one => $$"""{"id":{{one}},"text":"{{new string('x', 100)}}"}""")) + (id + 1000 < count ? "," : ""));
            }

            if (number == 1)
            {
                context.Abort();
            }

            await context.Response.WriteAsync("]}");
        });
        var options = new Dictionary<string, string> { ["max-retries"] = "0" };
        using var bench = new SourceBench(
            BuiltInCatalogue.Instance, () => new SourceConfig { SourceType = "api", ConnectionString = api.Address.AbsoluteUri, Options = options })
        { BatchSize = 1000 };

        var outcome = await bench.RunAsync(change: spec => spec with { MaxAttempts = 3 });

        Assert.Null(outcome.Error);
        Assert.Equal(2, api.Requests.Count);
        Assert.Equal(Enumerable.Range(0, count).Select(id => $"{id}"), bench.Collected.All.Select(collected => collected.Record.Id));
        Assert.Equal(count, (await bench.TotalsAsync()).Delivered);
    }

    [Fact]
    public async Task An_answer_beyond_the_limit_is_an_error_and_one_below_is_read_in_bounded_memory()
    {
        const int count = 400_000;
        await using var api = await TestApi.StartAsync(async (context, _) =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{\"data\":[{\"id\":0}");
            var many = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat($$""",{"text":"{{new string('x', 180)}}"}""", 1000)));
            for (var part = 0; part < count / 1000; part++)
            {
                await context.Response.Body.WriteAsync(many);
            }

            await context.Response.WriteAsync("]}");
        });
        var context = ApiRun.Impatient();
        await using (var run = new ApiRun(context, api.Address, ("headers-timeout", "10h")))
        {
            var most = 0;
            var rows = 0;
            while (await run.Next())
            {
                most = Math.Max(most, context.Pool.Lent);
                rows += run.Records.Count;
                run.Records.Clear();
                run.Raw.Clear();
            }

            // A page that is too large to be kept is handed on as it comes; only its last batch carries the position.
            Assert.Equal(count + 1, rows);
            Assert.True(most <= 20, $"{most} batches were held at once.");
            Assert.Equal(1, run.Advances.Count(advances => advances.Count > 0));
            Assert.NotEmpty(run.Advances[^1]);
        }

        var error = await ApiRun.Failure(api.Address, ("max-response-bytes", "50MB"));
        Assert.Contains("answered with more than 50000000. Ask for smaller pages (pagination-size), or raise max-response-bytes.", error.Message);
    }

    [Fact]
    public async Task An_answer_without_content_has_no_records()
    {
        await using var api = await TestApi.StartAsync((context, _) =>
        {
            context.Response.StatusCode = 204;
            return Task.CompletedTask;
        });

        Assert.Empty((await ApiRun.ToEnd(api.Address)).Records);
    }

    [Fact]
    public async Task A_sub_resource_is_asked_for_each_record_of_the_list()
    {
        await using var api = await TestApi.OfJsonAsync((context, _) => context.Request.Path.Value switch
        {
            "/v1/users" => $$"""{"data":[{"id":"a/b","name":"Ann"},{"id":"c","name":"Cy"}]}""",
            "/v1/users/c/orders" => """{"items":[{"order":3}]}""",
            _ => """{"items":[{"order":1},{"order":2}]}""",
        });

        var run = await ApiRun.ToEnd(
            new Uri(api.Address, "/v1/users?x=1"), ("sub-path", "/v1/users/{id}/orders"), ("sub-response-path", "items"), ("sub-fields", "id,name"));

        Assert.Equal(["/v1/users?x=1", "/v1/users/a%2Fb/orders", "/v1/users/c/orders"], api.Targets);
        Assert.Equal(["1", "2", "3"], run.Records.Select(record => record["order"]));
        Assert.Equal(["Ann", "Ann", "Cy"], run.Records.Select(record => record.Metadata["parent.name"]));
        Assert.Equal([1, 1], run.Advances.Select(advances => advances.Count));
    }

    [Fact]
    public async Task A_restart_among_sub_resources_goes_on_with_the_next_one_if_the_list_is_still_the_same()
    {
        var list = """{"data":[{"id":1},{"id":2},{"id":3}]}""";
        await using var api = await TestApi.OfJsonAsync((context, _) =>
            context.Request.Path == "/" ? list : $$"""{"data":[{"of":"{{context.Request.Path}}"}]}""");
        (string, string)[] options = [("sub-path", "/{id}")];
        var positions = new Dictionary<string, SplitPosition>();
        foreach (var changes in new[] { false, true })
        {
            var context = new FileSourceContext { Positions = positions };
            positions.Clear();
            await using (var cut = new ApiRun(context, api.Address, options))
            {
                await cut.Next();
            }

            list = changes ? """{"data":[{"id":9},{"id":2},{"id":3}]}""" : list;
            var rest = await ApiRun.ToEnd(context, api.Address, options);
            Assert.Equal(changes ? ["/9", "/2", "/3"] : ["/2", "/3"], rest.Records.Select(record => record["of"]));
        }
    }
}
