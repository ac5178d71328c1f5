using System.Net;
using System.Text;
using DataFlow.Conformance;
using DataFlow.IntegrationTests.Service;

namespace DataFlow.IntegrationTests.Cluster;

/// <summary>Three processes: what only the owner of a pipeline can do is asked of each of them.</summary>
public sealed class ForwardingTests
{
    [Fact]
    public async Task Any_node_shows_the_records_of_a_pipeline_and_takes_batches_for_it()
    {
        await using var cluster = await ServiceCluster.StartAsync();
        await cluster.AddAsync(1, recordsPerSecond: 100);
        await cluster.Database.ExecuteAsync("CREATE TABLE pushed(id bigint NOT NULL)");
        await cluster.AddAsync(
            "pushed",
            $$"""
            name: pushed
            source: { type: push }
            sink:
              type: database
              connection: {{cluster.Database.JdbcUrl}}
              options: { username: postgres, password: "${env:DATAFLOW_DB_PASS}", table: pushed }
            delivery: effectively-once
            commit-interval: 50ms
            """);
        for (var node = 0; node < ServiceCluster.Nodes; node++)
        {
            var shown = await cluster.ReadAsync(node, "pipelines/p1/tap?limit=3");
            Assert.Equal(3, shown.Split("event: record").Length - 1);
        }

        for (var batch = 1; batch <= 6; batch++)
        {
            // Each batch goes to another node, and comes twice.
            foreach (var again in (int[])[0, 1])
            {
                await PushAsync(cluster, (batch + again) % ServiceCluster.Nodes, batch);
            }
        }

        Assert.Equal("6|6|6", (await cluster.Database.RowsAsync("SELECT count(*), count(DISTINCT id), max(id) FROM pushed"))[0]);
    }

    [Fact]
    public async Task An_owner_that_can_not_be_reached_and_a_pipeline_that_is_elsewhere_are_problems_with_a_time_to_ask_again()
    {
        await using var cluster = await ServiceCluster.StartAsync("--address", $"http://127.0.0.1:{TcpFaultProxy.UnusedPort()}");
        await cluster.AddAsync(1, recordsPerSecond: 100);
        await cluster.AddAsync("pushed", "{ name: pushed, source: { type: push }, sink: { type: 'null' } }");
        foreach (var (pipeline, method, what) in ((string, HttpMethod, string)[])[("p1", HttpMethod.Get, "tap?limit=1"), ("pushed", HttpMethod.Post, "batches")])
        {
            var owner = await OwnerAsync(cluster, pipeline);
            var other = (owner + 1) % ServiceCluster.Nodes;

            using var unreachable = await cluster.SendAsync(other, method, $"pipelines/{pipeline}/{what}");
            Assert.NotNull(unreachable.Headers.RetryAfter?.Delta);
            Assert.Contains($"Node 'node{owner}' runs pipeline '{pipeline}' and did not answer", await Problem.AssertAsync(HttpStatusCode.BadGateway, unreachable), StringComparison.Ordinal);

            using var elsewhere = await cluster.SendAsync(other, method, $"pipelines/{pipeline}/{what}", header: "DataFlow-Forwarded");
            Assert.NotNull(elsewhere.Headers.RetryAfter?.Delta);
            Assert.Contains("is moving from one node to another", await Problem.AssertAsync(HttpStatusCode.ServiceUnavailable, elsewhere), StringComparison.Ordinal);
        }
    }

    private static async Task PushAsync(ServiceCluster cluster, int node, int batch)
    {
        using var body = new StringContent($$"""{"id":{{batch}}}""", Encoding.UTF8, "application/x-ndjson");
        body.Headers.Add("Batch-Id", $"shop:{batch}");
        await cluster.PostAsync(node, "pipelines/pushed/batches", body);
    }

    private static async Task<int> OwnerAsync(ServiceCluster cluster, string pipeline)
    {
        var owner = -1;
        await Eventually.IsAsync(async () =>
        {
            var seen = await cluster.GetAsync(0, $"pipelines/{pipeline}");
            if (seen.TryGetProperty("run", out var run) && run.GetProperty("state").GetString() == "running")
            {
                owner = run.GetProperty("node").GetString()![^1] - '0';
            }

            return (owner >= 0, seen.ToString());
        });
        return owner;
    }
}
