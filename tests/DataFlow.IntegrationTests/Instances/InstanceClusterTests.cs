using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using DataFlow.Conformance;
using DataFlow.IntegrationTests.Cluster;
using DataFlow.IntegrationTests.Kafka;
using DataFlow.KafkaBroker;

namespace DataFlow.IntegrationTests.Instances;

/// <summary>
/// One pipeline with three instances on three processes, of which the one that runs most of them is killed. Afterwards every record is
/// there: once where delivery is effectively-once.
/// </summary>
public sealed class InstanceClusterTests(ITestOutputHelper output)
{
    private const int Instances = 3;

    [Fact]
    public async Task Files_that_keep_coming_are_read_once_by_instances_on_several_nodes_though_one_is_killed()
    {
        await using var cluster = await ServiceCluster.StartAsync();
        var files = new FileDrop(Path.Combine(cluster.Folder, "in"));
        files.Drop(30);
        await CreateTableAsync(cluster, "orders");
        await cluster.AddAsync("orders", $$"""
            name: orders
            instances: {{Instances}}
            source:
              type: file
              connection: in/*.csv
              options: { format: csv, mode: watch, min-age: 100ms }
              batch-size: 20
              poll-interval-ms: 100
            {{Table(cluster, "orders")}}
            delivery: effectively-once
            commit-interval: 100ms
            max-latency: 50ms
            """);

        var victim = await KillBusiestAsync(cluster, "orders", whileRunning: () => files.Drop(1));
        files.Drop(30);
        await HoldsAsync(cluster, "orders", files.Rows);

        cluster.Start(victim);
        await cluster.AllUpAsync(ServiceCluster.Nodes);
        files.Drop(10);
        await HoldsAsync(cluster, "orders", files.Rows);
        await StopAsync(cluster, "orders", (victim + 1) % ServiceCluster.Nodes, delivered: files.Rows);
        await AuditAsync(cluster, "orders", files.Rows);
    }

    [Fact]
    public async Task A_topic_is_shared_by_the_group_or_partition_by_partition_and_nothing_is_lost_when_a_node_is_killed()
    {
        await using var kafka = await TestKafka.StartAsync();
        await using var cluster = await ServiceCluster.StartAsync();
        const int partitions = 6;
        var topic = await KafkaTopic.CreateAsync(kafka, partitions);
        var published = 0;
        Publish(600);
        foreach (var (name, delivery) in ((string, string)[])[("grouped", "at-least-once"), ("assigned", "effectively-once")])
        {
            await CreateTableAsync(cluster, name);
            await cluster.AddAsync(name, $$"""
                name: {{name}}
                instances: {{Instances}}
                source:
                  type: kafka
                  connection: {{kafka.Address}}
                  options: { topic: {{topic.Name}}, group-id: {{topic.Group}}-{{name}}, session-timeout: 6s }
                  poll-interval-ms: 50
                {{Table(cluster, name)}}
                delivery: {{delivery}}
                commit-interval: 100ms
                max-latency: 50ms
                """);
        }

        var victim = await KillBusiestAsync(cluster, "assigned", whileRunning: () => Publish(60));
        await RunsWithoutAsync(cluster, "grouped", victim);
        Publish(600);
        await HoldsAsync(cluster, "assigned", published);
        await HoldsAsync(cluster, "grouped", published);

        var node = (victim + 1) % ServiceCluster.Nodes;
        await StopAsync(cluster, "assigned", node, delivered: published);
        await AuditAsync(cluster, "assigned", published);
        await cluster.CommandAsync(node, "grouped", "stop");

        void Publish(int count)
        {
            for (var partition = 0; partition < partitions; partition++)
            {
                var first = published;
                topic.WriteTo(partition, [.. Enumerable.Range(first + 1, count / partitions).Select(number => $$"""{"sequence": {{number}}}""")]);
                published += count / partitions;
            }
        }
    }

    private static Task CreateTableAsync(ServiceCluster cluster, string name) =>
        cluster.Database.ExecuteAsync($"CREATE TABLE {name}(sequence bigint NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp())");

    private static string Table(ServiceCluster cluster, string name) =>
        $$"""sink: { type: database, connection: "{{cluster.Database.JdbcUrl}}", options: { username: postgres, password: "${env:DATAFLOW_DB_PASS}", table: {{name}}, on-unknown-field: ignore } }""";

    /// <summary>Waits until all instances run, on several nodes, and kills the node that runs most of them.</summary>
    /// <returns>The number of the node.</returns>
    private async Task<int> KillBusiestAsync(ServiceCluster cluster, string pipeline, Action whileRunning)
    {
        var nodes = new List<int>();
        await Eventually.IsAsync(async () =>
        {
            whileRunning();
            var whole = await cluster.GetAsync(0, $"pipelines/{pipeline}");
            nodes = NodesOf(whole);
            return (nodes.Count == Instances && nodes.Distinct().Count() > 1 && whole.GetProperty("run").GetProperty("counters").GetProperty("delivered").GetInt64() > 0, $"{whole}");
        });
        var victim = nodes.GroupBy(node => node).MaxBy(group => group.Count())!.Key;
        var watch = Stopwatch.StartNew();
        await cluster.KillAsync(victim);
        whileRunning();
        await RunsWithoutAsync(cluster, pipeline, victim);
        output.WriteLine($"{pipeline} ran on {string.Join(", ", nodes.Select(node => $"node{node}"))}; kill -9 of node{victim}: all instances run elsewhere {watch.Elapsed.TotalSeconds:0.0} s later");
        return victim;
    }

    private static Task RunsWithoutAsync(ServiceCluster cluster, string pipeline, int victim) => Eventually.IsAsync(async () =>
    {
        var whole = await cluster.GetAsync((victim + 1) % ServiceCluster.Nodes, $"pipelines/{pipeline}");
        var nodes = NodesOf(whole);
        return (nodes.Count == Instances && !nodes.Contains(victim), $"{whole}");
    });

    private static List<int> NodesOf(JsonElement whole) =>
    [
        .. whole.GetProperty("instances").EnumerateArray()
            .Where(instance => instance.TryGetProperty("node", out _) && instance.GetProperty("health").GetString() == "healthy")
            .Select(instance => instance.GetProperty("node").GetString()![^1] - '0'),
    ];

    private static Task HoldsAsync(ServiceCluster cluster, string table, long records) => Eventually.IsAsync(async () =>
    {
        var count = (await cluster.Database.RowsAsync($"SELECT count(DISTINCT sequence) FROM {table}"))[0];
        return (count == $"{records}", $"{table} has {count} of {records} records");
    });

    /// <summary>Stops a pipeline and compares what its instances have counted.</summary>
    private static async Task StopAsync(ServiceCluster cluster, string pipeline, int node, long delivered)
    {
        await cluster.CommandAsync(node, pipeline, "stop");
        var sum = 0L;
        for (var number = 1; number <= Instances; number++)
        {
            var counters = (await cluster.GetAsync(node, $"pipelines/{pipeline}.{number}/state")).GetProperty("counters");
            Assert.Equal(0, counters.GetProperty("unaccounted").GetInt64());
            sum += counters.GetProperty("delivered").GetInt64();
        }

        Assert.Equal(delivered, sum);
    }

    private static async Task AuditAsync(ServiceCluster cluster, string table, long records) => Assert.Equal(
        $"{records}|{records}|1|{records}",
        (await cluster.Database.RowsAsync($"SELECT count(*), count(DISTINCT sequence), min(sequence), max(sequence) FROM {table}"))[0]);

    /// <summary>Puts files into a folder, whole at once, whose rows are numbered through all of them.</summary>
    private sealed class FileDrop
    {
        private const int RowsPerFile = 200;

        private readonly string _folder;
        private int _files;

        public FileDrop(string folder)
        {
            _folder = folder;
            Directory.CreateDirectory(folder);
        }

        public long Rows => _files * RowsPerFile;

        public void Drop(int count)
        {
            for (; count > 0; count--, _files++)
            {
                var path = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{_files:0000}"));
                File.WriteAllLines(path + ".part", Enumerable.Range((int)Rows + 1, RowsPerFile).Select(number => $"{number}").Prepend("sequence"));
                File.Move(path + ".part", path + ".csv");
            }
        }
    }
}
