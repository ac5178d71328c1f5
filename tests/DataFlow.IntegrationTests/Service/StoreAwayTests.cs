using System.Net;
using System.Text.Json.Nodes;
using DataFlow.Conformance;
using Npgsql;

namespace DataFlow.IntegrationTests.Service;

/// <summary>A service in a process of its own whose PostgreSQL dies and comes back.</summary>
public sealed class StoreAwayTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_service_whose_database_is_gone_stays_up_says_so_and_goes_on_without_a_loss_when_it_is_back()
    {
        using var server = await PostgreSqlServer.StartOwnAsync();
        _folder.Write("numbers.yaml", Definitions.Endless("numbers", perSecond: 500));
        using var service = await ServedProcess.StartAsync(
            _folder.Path,
            ["serve", "numbers.yaml", "--listen", "http://127.0.0.1:0", "--database", new NpgsqlConnectionStringBuilder(server.SuperuserConnection) { Pooling = true, Timeout = 5 }.ConnectionString]);
        using var client = new HttpClient { BaseAddress = service.Address };
        await ReadyBecomesAsync(client, HttpStatusCode.OK);
        await DeliversMoreAsync(client);

        server.Stop();
        await ReadyBecomesAsync(client, HttpStatusCode.ServiceUnavailable);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/live")).StatusCode);
        using var away = await client.GetAsync("/pipelines");
        Assert.NotNull(away.Headers.RetryAfter);
        Assert.Contains("The PostgreSQL database", await Problem.AssertAsync(HttpStatusCode.ServiceUnavailable, away), StringComparison.Ordinal);
        await Problem.AssertAsync(HttpStatusCode.ServiceUnavailable, await client.GetAsync("/pipelines/numbers/state"));
        await Problem.AssertAsync(HttpStatusCode.ServiceUnavailable, await client.PostAsync("/pipelines/numbers/stop", content: null));

        await server.StartAgainAsync();
        await ReadyBecomesAsync(client, HttpStatusCode.OK);
        await DeliversMoreAsync(client);
        (await service.TerminateAsync()).Succeeded();

        var numbers = File.ReadLines(_folder["numbers.ndjson"]).Select(line => (long)JsonNode.Parse(line)!["sequence"]!).ToList();
        Assert.Equal(Enumerable.Range(1, numbers.Count).Select(number => (long)number), numbers);
    }

    private static Task<TimeSpan> ReadyBecomesAsync(HttpClient client, HttpStatusCode status) => Eventually.IsAsync(async () =>
    {
        using var answer = await client.GetAsync("/health/ready");
        return (answer.StatusCode == status, await answer.Content.ReadAsStringAsync());
    });

    private static async Task DeliversMoreAsync(HttpClient client)
    {
        long? before = null;
        await Eventually.IsAsync(async () =>
        {
            using var answer = await client.GetAsync("/pipelines/numbers/state");
            var seen = await answer.Content.ReadAsStringAsync();
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                return (false, seen);
            }

            var delivered = (long)JsonNode.Parse(seen)!["counters"]!["delivered"]!;
            before ??= delivered;
            return (delivered > before, seen);
        });
    }
}
