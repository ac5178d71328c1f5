using DataFlow.Conformance;
using DataFlow.UnitTests.Connectors;
using DataFlow.UnitTests.Encoders;
using Microsoft.Extensions.Logging.Abstractions;

namespace DataFlow.UnitTests.Sinks;

public sealed class HttpSinkTests
{
    private readonly SteppedClock _time = new() { JumpsBelow = TimeSpan.FromHours(2) };

    [Fact]
    public async Task Each_record_is_a_request_of_its_own_with_its_delivery_id_as_the_key()
    {
        await using var api = await TestApi.OfJsonAsync("{}");

        var result = await WriteAsync(api, "auth-type: api-key, auth-token: k", "a", "b");

        Assert.Empty(result.Refused!);
        Assert.Equal(["""{"n":"a"}""", """{"n":"b"}"""], api.Requests.Select(request => request.Body));
        Assert.All(api.Requests, request => Assert.Equal(("POST", "application/json", "k"), (request.Method, request.Headers["Content-Type"], request.Headers["X-API-Key"])));
        Assert.Equal(Ids("a", "b"), api.Requests.Select(request => request.Headers["Idempotency-Key"]));
    }

    [Theory]
    [InlineData("json-array", "application/json", """[{"n":"a"},{"n":"b"}]""", """[{"n":"c"}]""")]
    [InlineData("ndjson", "application/x-ndjson", "{\"n\":\"a\"}\n{\"n\":\"b\"}\n", "{\"n\":\"c\"}\n")]
    public async Task Several_records_go_in_one_request_with_a_key_that_is_the_same_when_they_are_sent_again(string format, string type, string first, string second)
    {
        await using var api = await TestApi.OfJsonAsync("{}");

        await WriteAsync(api, $"format: {format}, records-per-request: 2, method: PUT", "a", "b", "c");
        await WriteAsync(api, $"format: {format}, records-per-request: 2, method: PUT", "a", "b", "c");

        Assert.Equal([first, second, first, second], api.Requests.Select(request => request.Body));
        Assert.All(api.Requests, request => Assert.Equal(("PUT", type), (request.Method, request.Headers["Content-Type"])));
        var keys = api.Requests.Select(request => request.Headers["Idempotency-Key"]).ToList();
        Assert.Equal(keys[..2], keys[2..]);
        Assert.NotEqual(keys[0], keys[1]);
    }

    [Fact]
    public async Task A_request_is_cut_by_bytes_too()
    {
        await using var api = await TestApi.OfJsonAsync("{}");

        await WriteAsync(api, "format: ndjson, max-request-bytes: 25", "a", "b", "c", "a-record-that-is-larger-than-all-of-it");

        Assert.Equal([2, 1, 1], api.Requests.Select(request => request.Body.Count(letter => letter == '\n')));
    }

    [Fact]
    public async Task Passing_failures_are_repeated_with_the_same_key()
    {
        await using var api = await TestApi.StartAsync((context, number) => context.JsonAsync("{}", number < 3 ? 503 : 201));

        var result = await WriteAsync(api, "max-retries: 5", "a");

        Assert.Empty(result.Refused!);
        Assert.Equal(3, api.Requests.Count);
        Assert.Single(api.Requests.Select(request => request.Headers["Idempotency-Key"]).Distinct());
    }

    [Fact]
    public async Task Of_a_batch_that_is_refused_only_the_records_that_are_to_blame_become_dead_letters()
    {
        await using var api = await TestApi.StartAsync((context, number) =>
            context.JsonAsync("""{"error":"bad n"}""", context.Request.Headers["X-Bad"].Count == 0 && LastBody(context).Contains("bad") ? 422 : 200));

        var result = await WriteAsync(api, "format: json-array", "a", "bad-1", "b", "c", "bad-2", "d");

        Assert.Equal([1, 4], result.Refused!.Select(row => row.Row));
        Assert.All(result.Refused!, row => Assert.Equal("status-422", row.Reason));
        Assert.Contains("API request failed with status: 422. POST", result.Refused![0].Message);
        Assert.Contains("bad n", result.Refused![0].Message);
        var taken = _accepted.Where(body => !body.Contains("bad")).SelectMany(body => body.Trim('[', ']').Split(',')).ToList();
        Assert.Equal(["""{"n":"a"}""", """{"n":"b"}""", """{"n":"c"}""", """{"n":"d"}"""], taken);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    public async Task What_is_wrong_with_every_record_stops_the_run_instead_of_filling_the_dead_letters(int status)
    {
        await using var api = await TestApi.StartAsync((context, _) => context.JsonAsync("{}", status));

        var error = await Assert.ThrowsAsync<ConnectorException>(() => WriteAsync(api, "format: json", "a"));

        Assert.StartsWith($"API request failed with status: {status}.", error.Message);
        Assert.Equal((FaultOwner.User, RetryKind.Never), (error.Owner, error.Retry.Kind));
    }

    [Fact]
    public async Task A_long_pause_that_the_server_asks_for_is_left_to_the_engine()
    {
        await using var api = await TestApi.StartAsync((context, _) =>
        {
            context.Response.Headers.RetryAfter = "300";
            return context.JsonAsync("{}", 429);
        });
        var now = _time.GetUtcNow();

        var error = await Assert.ThrowsAsync<ConnectorException>(() => WriteAsync(api, "format: json", "a"));

        Assert.Equal((RetryKind.After, now.AddMinutes(5)), (error.Retry.Kind, error.Retry.NotBefore));
        Assert.Single(api.Requests);
    }

    [Fact]
    public async Task Fields_of_the_record_may_stand_in_the_address()
    {
        await using var api = await TestApi.StartAsync((context, _) => context.JsonAsync("{}", context.Request.Path == "/users/gone" ? 404 : 200));

        var result = await WriteAsync(api, "method: PUT", ["a/b", "gone", ""], "/users/{n}");

        Assert.Equal(["/users/a%2Fb", "/users/gone"], api.Targets);
        Assert.Equal([(1, "status-404"), (2, "no-address")], result.Refused!.Select(row => (row.Row, row.Reason)));
    }

    [Theory]
    [InlineData("http://{n}/x", "json", "has a field of the record in its host")]
    [InlineData("x/{n}", "json", "is no address of a web server")]
    [InlineData("http://localhost/{n}", "json-array", "each record is a request of its own")]
    public void An_address_that_can_not_be_used_is_named(string connection, string format, string message)
    {
        var error = Assert.ThrowsAny<Exception>(() => Sink(connection, $"format: {format}").Create());
        Assert.Contains(message, error.Message);
    }

    private readonly List<string> _accepted = [];
    private TestApi? _api;

    private string LastBody(Microsoft.AspNetCore.Http.HttpContext context)
    {
        var body = _api!.Requests[^1].Body;
        _accepted.Add(body);
        return body;
    }

    private static IEnumerable<string> Ids(params string[] values)
    {
        var batch = Rows.Texts(["n"], values.Select(value => new[] { value }));
        var ids = Enumerable.Range(0, values.Length).Select(row => batch.DeliveryIdOf(row).ToString()).ToList();
        batch.Release();
        return ids;
    }

    private static ConfiguredSink Sink(string connection, string options) => ConfiguredSink.Of(
        BuiltInCatalogue.Instance, $"{{ type: http, connection: '{connection}', options: {{ headers-timeout: 10h, body-timeout: 10h, {options} }} }}");

    private Task<WriteResult> WriteAsync(TestApi api, string options, params string[] values) => WriteAsync(api, options, values, "/in");

    private async Task<WriteResult> WriteAsync(TestApi api, string options, string[] values, string path)
    {
        _api = api;
        await using var sink = Sink($"{api.Address.GetLeftPart(UriPartial.Authority)}{path}", options).Create();
        await sink.OpenAsync(
            new SinkContext { PipelineId = "p", Generation = 1, Epoch = 1, Time = _time, Pool = BatchPool.Shared, Logger = NullLogger.Instance },
            CancellationToken.None);
        var batch = Rows.Texts(["n"], values.Select(value => new[] { value }));
        try
        {
            return await sink.WriteAsync(batch, CancellationToken.None);
        }
        finally
        {
            batch.Release();
        }
    }
}
