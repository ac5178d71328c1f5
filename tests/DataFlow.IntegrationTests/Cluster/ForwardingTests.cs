using System.Text;

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
                using var body = new StringContent($$"""{"id":{{batch}}}""", Encoding.UTF8, "application/x-ndjson");
                body.Headers.Add("Batch-Id", $"shop:{batch}");
                await cluster.PostAsync((batch + again) % ServiceCluster.Nodes, "pipelines/pushed/batches", body);
            }
        }

        Assert.Equal("6|6|6", (await cluster.Database.RowsAsync("SELECT count(*), count(DISTINCT id), max(id) FROM pushed"))[0]);
    }
}
