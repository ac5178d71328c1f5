using System.Text.Json;

namespace DataFlow.IntegrationTests.Instances;

/// <summary>A pipeline with several instances, each run by hand through the built command.</summary>
public sealed class InstanceCommandTests : IDisposable
{
    private const string Pipeline = """
        name: orders
        instances: 3
        source: { type: file, connection: "in/*.csv" }
        sink: { type: file, connection: "out/orders-{instance}.ndjson" }
        delivery: effectively-once
        """;

    private readonly TemporaryFolder _folder = new();

    public InstanceCommandTests()
    {
        for (var file = 0; file < 12; file++)
        {
            _folder.Write($"in/{file}.csv", $"id\n{(file * 2) + 1}\n{(file * 2) + 2}\n");
        }

        _folder.Write("p.yaml", Pipeline);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Each_instance_reads_its_share_under_a_state_of_its_own()
    {
        for (var number = 1; number <= 3; number++)
        {
            (await RunAsync("run", "p.yaml", "--instance", $"{number}")).Succeeded();
        }

        Assert.Equal(Enumerable.Range(1, 24), Written("orders-1", "orders-2", "orders-3"));
        Assert.StartsWith("orders.2: generation 1", (await RunAsync("state", "show", "p.yaml", "--instance", "2")).Out, StringComparison.Ordinal);
        Assert.Contains("Pipeline 'orders' has no state", (await RunAsync("state", "show", "p.yaml")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_run_without_an_instance_reads_everything()
    {
        (await RunAsync("run", "p.yaml")).Succeeded();

        Assert.Equal(Enumerable.Range(1, 24), Written("orders-all"));
        Assert.StartsWith("orders: generation 1", (await RunAsync("state", "show", "p.yaml")).Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("4")]
    [InlineData("0")]
    [InlineData("blue")]
    public async Task An_instance_that_there_is_not_is_refused(string instance)
    {
        var refused = await RunAsync("run", "p.yaml", "--instance", instance);

        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains($"--instance: '{instance}' is no instance of pipeline 'orders'; it has the instances 1 to 3.", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_number_of_instances_over_the_old_state_is_refused_until_it_is_started_over()
    {
        (await RunAsync("run", "p.yaml", "--instance", "2")).Succeeded();
        _folder.Write("q.yaml", Pipeline.Replace("instances: 3", "instances: 2", StringComparison.Ordinal));

        var plan = await RunAsync("plan", "p.yaml", "q.yaml");
        Assert.StartsWith("would-re-read. The stored positions belong to other shares of the source.", plan.Out, StringComparison.Ordinal);
        var refused = await RunAsync("run", "q.yaml", "--instance", "2");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("the state was written for share 2 of 3 of the source and would go on with share 2 of 2", refused.Error, StringComparison.Ordinal);

        File.Delete(_folder["out/orders-2.ndjson"]);
        (await RunAsync("run", "q.yaml", "--instance", "2", "--fresh")).Succeeded();
        (await RunAsync("run", "q.yaml", "--instance", "1")).Succeeded();
        Assert.Equal(Enumerable.Range(1, 24), Written("orders-1", "orders-2"));
    }

    [Fact]
    public async Task A_source_that_cannot_be_shared_is_refused_before_anything_runs()
    {
        _folder.Write("w.yaml", "instances: 2\nsource: { type: websocket, connection: 'wss://localhost/x' }\nsink: { type: console }\n");

        var refused = await RunAsync("validate", "w.yaml");

        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("w.yaml:1:12: instances: the source 'websocket' can't be shared by 2 instances", refused.Error, StringComparison.Ordinal);
    }

    private Task<CliResult> RunAsync(params string[] arguments) => Cli.RunAsync(_folder.Path, arguments);

    private IEnumerable<int> Written(params string[] names) => names
        .SelectMany(name => File.ReadLines(_folder[$"out/{name}.ndjson"]))
        .Select(line => int.Parse(JsonDocument.Parse(line).RootElement.GetProperty("id").ToString()))
        .Order();
}
