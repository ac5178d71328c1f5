using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using DataFlow.Conformance;
using DataFlow.IntegrationTests.Service;

namespace DataFlow.IntegrationTests.Push;

/// <summary>Batches over real HTTP, and what is answered to each that is not as it should be.</summary>
public sealed class PushApiTests(TestService service) : IClassFixture<TestService>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_batch_is_answered_when_its_records_are_in_the_sink_and_a_bad_line_is_a_dead_letter()
    {
        await StartAsync("answered");

        var answer = (await PushAsync("answered", "{\"n\":1}\n{\"n\":\n{\"n\":2}\n", "shop-7:1")).Is(HttpStatusCode.OK);

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"records":3,"deadLettered":1,"alreadyDelivered":false}"""), answer.Json), answer.Text);
        Assert.Equal(["{\"n\":1}", "{\"n\":2}"], await LinesAsync("answered"));
        var letters = (await service.GetAsync("pipelines/answered/dead-letters")).Is(HttpStatusCode.OK).Json["items"]!.AsArray();
        Assert.Equal("{\"n\":", (await service.GetAsync($"pipelines/answered/dead-letters/{Assert.Single(letters)!["id"]}")).Json["text"]!.GetValue<string>().TrimEnd());
    }

    [Fact]
    public async Task A_batch_that_is_sent_again_is_recognised_also_after_a_restart_of_the_pipeline()
    {
        await StartAsync("again");
        (await PushAsync("again", "{\"n\":1}", "a:1")).Is(HttpStatusCode.OK);
        (await PushAsync("again", "{\"n\":2}", "a:2")).Is(HttpStatusCode.OK);
        await IsRepeatedAsync();
        (await service.PostAsync("pipelines/again/stop")).Is(HttpStatusCode.OK);
        (await service.PostAsync("pipelines/again/start")).Is(HttpStatusCode.OK);
        await TakesBatchesAsync("again");
        await IsRepeatedAsync();

        Assert.Equal(["{\"n\":1}", "{\"n\":2}"], await LinesAsync("again"));
        Assert.Equal(2, (await service.GetAsync("pipelines/again/producers/a")).Is(HttpStatusCode.OK).Json["sequence"]!.GetValue<int>());
        Assert.Equal(0, (await service.GetAsync("pipelines/again/producers/b")).Is(HttpStatusCode.OK).Json["sequence"]!.GetValue<int>());

        async Task IsRepeatedAsync()
        {
            var answer = (await PushAsync("again", "{\"n\":2}", "a:2")).Is(HttpStatusCode.OK);
            Assert.True(answer.Json["alreadyDelivered"]!.GetValue<bool>(), answer.Text);
        }
    }

    [Fact]
    public async Task A_jump_and_another_content_are_conflicts_that_say_what_is_expected()
    {
        await StartAsync("jump");
        (await PushAsync("jump", "{\"n\":1}", "a:1")).Is(HttpStatusCode.OK);

        var jump = (await PushAsync("jump", "{\"n\":9}", "a:900")).IsProblem(HttpStatusCode.Conflict, "conflict", "900", "2 is the next one");
        Assert.Equal(2, jump.Json["expected"]!.GetValue<int>());
        (await PushAsync("jump", "{\"n\":9}", "a:3")).IsProblem(HttpStatusCode.Conflict, "conflict", "2 is the next one");
        (await PushAsync("jump", "{\"n\":7}", "a:1")).IsProblem(HttpStatusCode.Conflict, "conflict", "a:1", "a name of its own");
        Assert.Equal(["{\"n\":1}"], await LinesAsync("jump"));
    }

    [Theory]
    [InlineData("array", "application/json", "[{\"n\":\"1\"},\n {\"n\":\"2\"}]", 2)]
    [InlineData("object", "application/json", "{\n  \"n\": \"1\"\n}", 1)]
    [InlineData("csv", "text/csv; charset=utf-8", "n\n1\n2\n", 2)]
    [InlineData("text", "text/plain", "one\ntwo\nthree", 3)]
    [InlineData("plain", null, "{\"n\":\"1\"}\r\n", 1)]
    [InlineData("empty", "application/x-ndjson", "", 0)]
    public async Task The_content_type_says_how_a_body_is_read(string name, string? type, string body, int records)
    {
        await StartAsync(name);

        var answer = (await PushAsync(name, body, "a:1", type)).Is(HttpStatusCode.OK);

        Assert.Equal(records, answer.Json["records"]!.GetValue<int>());
        Assert.Equal(records, (await LinesAsync(name)).Length);
        Assert.True((await PushAsync(name, body, "a:1", type)).Is(HttpStatusCode.OK).Json["alreadyDelivered"]!.GetValue<bool>());
    }

    [Fact]
    public async Task What_can_not_be_taken_is_answered_with_what_to_do()
    {
        await StartAsync("refusing");
        (await PushAsync("nowhere", "{}", "a:1")).IsProblem(HttpStatusCode.NotFound, "not-found", "nowhere");
        (await PushAsync("refusing", "{}", "a")).IsProblem(HttpStatusCode.BadRequest, "bad-request", "Batch-Id is 'a'", "shop-7:42");
        (await PushAsync("refusing", "{}")).IsProblem(HttpStatusCode.BadRequest, "bad-request", "needs the header Batch-Id");
        (await PushAsync("refusing", "<r/>", "a:1", "application/xml")).IsProblem(HttpStatusCode.UnsupportedMediaType, "unsupported-media-type", "Content-Type");
        (await PushAsync("refusing", "{}", "a:1", "application/json; charset=utf-16")).IsProblem(HttpStatusCode.UnsupportedMediaType, "unsupported-media-type", "UTF-8");
        (await PushAsync("refusing", "{}", "a:1", encoding: "gzip")).IsProblem(HttpStatusCode.UnsupportedMediaType, "unsupported-media-type", "gzip");
        (await PushAsync("refusing", new string(' ', 5 << 20), "a:1")).IsProblem(HttpStatusCode.RequestEntityTooLarge, "too-large", "smaller batches");
        (await PushAsync("refusing", new string(' ', 5 << 20), "a:1", chunked: true)).IsProblem(HttpStatusCode.RequestEntityTooLarge, "too-large", "smaller batches");
        (await service.GetAsync("pipelines/refusing/producers/a%20b")).IsProblem(HttpStatusCode.BadRequest, "bad-request", "'a b'");

        await service.AddAsync(Definitions.Endless("generating"), start: true);
        (await PushAsync("generating", "{}", "a:1")).IsProblem(HttpStatusCode.Conflict, "conflict", "its source is test");

        // Nothing of all that has disturbed the pipeline.
        (await PushAsync("refusing", "{}", "a:1")).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_pipeline_that_is_paused_asks_for_patience_and_one_that_is_stopped_does_not()
    {
        await StartAsync("resting");
        (await service.PostAsync("pipelines/resting/pause")).Is(HttpStatusCode.OK);
        var patience = (await PushAsync("resting", "{}", "a:1")).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable", "it is paused");
        Assert.NotNull(patience.Headers.RetryAfter);

        (await service.PostAsync("pipelines/resting/resume")).Is(HttpStatusCode.OK);
        await TakesBatchesAsync("resting");
        (await PushAsync("resting", "{}", "a:1")).Is(HttpStatusCode.OK);
        (await service.PostAsync("pipelines/resting/stop")).Is(HttpStatusCode.OK);
        (await PushAsync("resting", "{}", "a:2")).IsProblem(HttpStatusCode.Conflict, "conflict", "it is stopped", "start it");
    }

    [Fact]
    public async Task A_chunked_body_and_one_larger_than_a_batch_of_the_pipeline_are_taken_whole()
    {
        await StartAsync("large");
        var body = string.Concat(Enumerable.Range(1, 30_000).Select(number => $"{{\"n\":{number},\"text\":\"{new string('x', 80)}\"}}\n"));

        var answer = (await PushAsync("large", body, "a:1", chunked: true)).Is(HttpStatusCode.OK);

        Assert.Equal(30_000, answer.Json["records"]!.GetValue<int>());
        Assert.Equal(body.TrimEnd('\n').Split('\n'), await LinesAsync("large"));
    }

    [Fact]
    public async Task Run_refuses_a_push_pipeline_and_explain_says_what_its_guarantee_rests_on()
    {
        using var folder = new TemporaryFolder();
        folder.Write("push.yaml", Definition("push"));

        var run = await Cli.RunAsync(folder.Path, "run", "push.yaml");
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("start the pipeline with 'dataflow serve'", run.Error, StringComparison.Ordinal);
        var explained = await Cli.RunAsync(folder.Path, "explain", "push.yaml");
        explained.Succeeded();
        Assert.Contains("Delivery: effectively-once", explained.Out, StringComparison.Ordinal);
        Assert.Contains("sends it again under the same Batch-Id", explained.Out, StringComparison.Ordinal);
    }

    internal static string Definition(string name, string more = "") => $$"""
        name: {{name}}
        source: { type: push }
        sink:
          type: file
          connection: {{name}}.ndjson
        delivery: effectively-once
        commit-interval: 20ms
        {{more}}
        """;

    private async Task StartAsync(string name)
    {
        await service.AddAsync(Definition(name), start: true);
        await TakesBatchesAsync(name);
    }

    private Task TakesBatchesAsync(string name) => Eventually.IsAsync(async () =>
    {
        var answer = await service.GetAsync($"pipelines/{name}/producers/anybody");
        return (answer.Status == HttpStatusCode.OK, answer.Text);
    });

    private Task<string[]> LinesAsync(string name) => File.ReadAllLinesAsync(service.PathOf($"{name}.ndjson"), Ct);

    private async Task<Answer> PushAsync(string name, string body, string? id = null, string? type = "application/x-ndjson", string? encoding = null, bool chunked = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(service.Address, $"pipelines/{name}/batches"));
        request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        request.Headers.TransferEncodingChunked = chunked ? true : null;
        request.Headers.ExpectContinue = body.Length > 1 << 20 ? true : null;
        if (type is not null)
        {
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        if (encoding is not null)
        {
            request.Content.Headers.ContentEncoding.Add(encoding);
        }

        if (id is not null)
        {
            request.Headers.Add("Batch-Id", id);
        }

        using var response = await service.Client.SendAsync(request, Ct);
        return await Answer.OfAsync(response);
    }
}
