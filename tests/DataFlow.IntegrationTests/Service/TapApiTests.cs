using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;

namespace DataFlow.IntegrationTests.Service;

/// <summary>Watching records while they pass, over HTTP.</summary>
public sealed class TapApiTests(TestService service) : IClassFixture<TestService>
{
    [Fact]
    public async Task Records_are_shown_as_they_pass_up_to_a_limit()
    {
        await service.AddAsync(Definitions.Endless("tapped"), start: true);

        var events = await TapAsync("pipelines/tapped/tap?limit=5");

        Assert.Equal(["record", "record", "record", "record", "record", "end"], events.Select(item => item.EventType));
        Assert.Equal("limit reached", events[^1].Data);
        var sequences = events.SkipLast(1).Select(item => JsonNode.Parse(item.Data)!["data"]!["sequence"]!.GetValue<long>()).ToList();
        Assert.Equal(Enumerable.Range(0, 5).Select(step => sequences[0] + step), sequences);
    }

    [Fact]
    public async Task Only_what_passes_the_filter_is_shown_and_the_sink_gets_everything()
    {
        await service.AddAsync(Definitions.Endless("sifted"), start: true);

        var events = await TapAsync($"pipelines/sifted/tap?limit=3&filter={Uri.EscapeDataString("age >= 60")}");

        Assert.All(events.SkipLast(1), item => Assert.InRange(JsonNode.Parse(item.Data)!["data"]!["age"]!.GetValue<int>(), 60, 200));
        (await service.PostAsync("pipelines/sifted/stop")).Is(HttpStatusCode.OK);
        var sequence = 0L;
        Assert.All(
            await File.ReadAllLinesAsync(service.PathOf("sifted.ndjson"), TestContext.Current.CancellationToken),
            line => Assert.Equal(++sequence, JsonNode.Parse(line)!["sequence"]!.GetValue<long>()));
    }

    [Fact]
    public async Task The_end_of_the_run_ends_the_tap()
    {
        await service.AddAsync(Definitions.Endless("short-lived"), start: true);
        var reader = TapAsync("pipelines/short-lived/tap?limit=100000", async () => (await service.PostAsync("pipelines/short-lived/stop")).Is(HttpStatusCode.OK));

        Assert.Equal("the run has ended", (await reader)[^1].Data);
    }

    [Fact]
    public async Task A_tap_that_can_show_nothing_says_why()
    {
        await service.AddAsync(Definitions.Endless("silent"));

        (await service.GetAsync("pipelines/silent/tap")).IsProblem(HttpStatusCode.Conflict, "conflict", "does not run");
        (await service.GetAsync("pipelines/nobody/tap")).IsProblem(HttpStatusCode.NotFound, "not-found", "'nobody'");
        (await service.GetAsync("pipelines/silent/tap?limit=0")).IsProblem(HttpStatusCode.BadRequest, "bad-request", "limit");
        (await service.GetAsync("pipelines/silent/tap?filter=age%20%3E")).IsProblem(HttpStatusCode.BadRequest, "bad-request", "filter:");
    }

    private async Task<List<SseItem<string>>> TapAsync(string path, Func<Task>? whenListening = null)
    {
        var ct = TestContext.Current.CancellationToken;
        using var response = await service.Client.GetAsync(new Uri(service.Address, path), HttpCompletionOption.ResponseHeadersRead, ct);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        await (whenListening?.Invoke() ?? Task.CompletedTask);
        var events = new List<SseItem<string>>();
        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync(ct)).EnumerateAsync(ct))
        {
            events.Add(item);
        }

        return events;
    }
}
