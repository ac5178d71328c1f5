using System.Net;

namespace DataFlow.IntegrationTests.Service;

/// <summary>What a service knows outlives its process.</summary>
public sealed class RestartTests
{
    [Fact]
    public async Task A_service_that_starts_again_has_everything_as_it_was_and_runs_what_ran()
    {
        await using var service = new TestService();
        await service.InitializeAsync();
        await service.AddAsync(Definitions.Endless("keeps-running"), start: true);
        await service.AddAsync(Definitions.Endless("stays-stopped"), start: true);
        (await service.PostAsync("pipelines/stays-stopped/stop")).Is(HttpStatusCode.OK);
        (await service.SendAsync(HttpMethod.Put, "pipelines/stays-stopped", Definitions.Endless("stays-stopped", 5), ifMatch: "\"1\"")).Is(HttpStatusCode.OK);
        var before = await DeliveredAsync(service, atLeast: 1);

        await service.RestartAsync();

        var stopped = (await service.GetAsync("pipelines/stays-stopped")).Is(HttpStatusCode.OK);
        Assert.Equal("stopped", stopped.Json["state"]!.GetValue<string>());
        Assert.Equal("\"2\"", stopped.ETag);
        await DeliveredAsync(service, before + 1);
        var lines = await File.ReadAllLinesAsync(service.PathOf("stays-stopped.ndjson"), TestContext.Current.CancellationToken);
        Assert.Equal(lines.Length, lines.Distinct().Count());
    }

    private static async Task<long> DeliveredAsync(TestService service, long atLeast)
    {
        var delivered = 0L;
        await Conformance.Eventually.IsAsync(async () =>
        {
            var state = await service.GetAsync("pipelines/keeps-running/state");
            delivered = state.Status == HttpStatusCode.OK ? state.Json["counters"]!["delivered"]!.GetValue<long>() : 0;
            return (delivered >= atLeast, state.Text);
        });
        return delivered;
    }
}
