using System.Net;
using System.Text.Json.Nodes;
using DataFlow.Cluster;
using DataFlow.Conformance;
using DataFlow.Engine;
using DataFlow.Engine.Lifecycle;
using DataFlow.Server.Health;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace DataFlow.IntegrationTests.Service;

/// <summary>What supervisors ask, and how a pipeline is.</summary>
public sealed class HealthTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private static readonly RunStatus Well = new()
    {
        Node = "a",
        Address = new Uri("http://127.0.0.1:1"),
        State = RunState.Running,
        IsHealthy = true,
    };

    [Fact]
    public async Task A_node_that_is_up_is_live_and_ready_and_says_what_was_checked()
    {
        using var folder = new TemporaryFolder();
        await using var service = await RunningService.StartAsync(folder);

        await StatusBecomesAsync(service, "/health/ready", HttpStatusCode.OK);

        var ready = await service.GetAsync("/health/ready");
        Assert.Equal("healthy", (string)ready["status"]!);
        Assert.Equal(["node", "store"], ready["checks"]!.AsObject().Select(check => check.Key).Where(check => check is "node" or "store").Order());
        Assert.Equal("healthy", (string)(await service.GetAsync("/health/live"))["status"]!);
    }

    [Fact]
    public async Task Supervisors_need_no_login_and_get_no_details_without_one()
    {
        using var folder = new TemporaryFolder();
        var key = await RunningService.KeyAsync(folder, "ann", mayWrite: false);
        await using var service = await RunningService.StartAsync(folder, listen: "http://0.0.0.0:0");

        using var without = await service.SendAsync(HttpMethod.Get, "/health/live");
        using var with = await service.SendAsync(HttpMethod.Get, "/health/live", key);

        Assert.Equal(HttpStatusCode.OK, without.StatusCode);
        Assert.Null(JsonNode.Parse(await without.Content.ReadAsStringAsync())!["checks"]);
        Assert.NotNull(JsonNode.Parse(await with.Content.ReadAsStringAsync())!["checks"]);
    }

    [Fact]
    public async Task A_node_that_is_about_to_stop_is_not_ready()
    {
        using var folder = new TemporaryFolder();
        await using var service = await RunningService.StartAsync(folder);
        await StatusBecomesAsync(service, "/health/ready", HttpStatusCode.OK);
        var checks = service.Services.GetRequiredService<Microsoft.Extensions.Diagnostics.HealthChecks.HealthCheckService>();

        service.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        var report = await checks.CheckHealthAsync(check => check.Tags.Contains("ready"));
        Assert.Equal("This node is stopping.", report.Entries["node"].Description);
    }

    [Fact]
    public async Task A_store_that_does_not_answer_makes_the_node_unready()
    {
        var check = new StoreCheck(new AwayStore(), TimeProvider.System);

        var result = await check.CheckHealthAsync(null!);

        Assert.Equal(Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Unhealthy, result.Status);
        Assert.Equal("The store can't be used: It is away.", result.Description);
    }

    [Fact]
    [Trait("claim", "SRC-10")]
    [Trait("claim", "OPS-02")]
    public async Task A_pipeline_whose_source_is_away_is_degraded_with_the_reason_and_well_again_afterwards()
    {
        using var folder = new TemporaryFolder();
        var ports = Cluster.FreePorts.Take(1);
        await using var service = await RunningService.StartAsync(folder);
        await service.AddAsync($"{{ name: away, source: {{ type: api, connection: 'http://127.0.0.1:{ports[0]}/items', poll-interval-ms: 100 }}, sink: {{ type: 'null' }}, until: forever }}");

        var degraded = await BecomesAsync(service, "away", pipeline => (string)pipeline["health"]!["status"]! == "degraded" && pipeline["run"] is not null && !(bool)pipeline["isHealthy"]!);
        Assert.NotNull(degraded["health"]!["reason"]);

        await using var api = await SmallApi.StartAsync(ports[0]);
        var well = await BecomesAsync(service, "away", pipeline => (bool)pipeline["isHealthy"]!);
        Assert.Equal("running", (string)well["state"]!);
        await BecomesAsync(service, "away", pipeline => (string)pipeline["health"]!["status"]! == "healthy");
    }

    [Fact]
    [Trait("claim", "SRC-10")]
    public async Task A_pipeline_that_can_not_go_on_has_failed_with_the_reason()
    {
        using var folder = new TemporaryFolder();
        await using var service = await RunningService.StartAsync(folder);
        await service.AddAsync("{ name: missing, source: { type: file, connection: missing.csv }, sink: { type: 'null' } }");

        var failed = await BecomesAsync(service, "missing", pipeline => (string)pipeline["health"]!["status"]! == "failed");

        Assert.False((bool)failed["isHealthy"]!);
        Assert.Contains("missing.csv", (string)failed["health"]!["reason"]!);
    }

    [Fact]
    public void What_runs_well_or_is_not_meant_to_run_is_healthy()
    {
        Assert.Equal(new PipelineHealth(PipelineHealthStatus.Healthy, null), Health(LifecycleState.Running, Well));
        Assert.Equal(new PipelineHealth(PipelineHealthStatus.Healthy, null), Health(LifecycleState.Paused, run: null));
        Assert.Equal(new PipelineHealth(PipelineHealthStatus.Healthy, null), Health(LifecycleState.Running, Well with { Freshness = Limit }));
    }

    [Fact]
    public void What_does_not_get_on_is_degraded_with_the_reason()
    {
        Assert.Equal("No node runs it right now; one will within seconds.", Degraded(run: null));
        Assert.Equal("Refused. Next attempt in 2.0 s.", Degraded(Well with { State = RunState.BackingOff, IsHealthy = false, Reason = "Refused. Next attempt in 2.0 s." }));
        Assert.Equal("Refused. It starts again in 2 s.", Degraded(Well with { State = RunState.Starting, IsHealthy = false, Reason = "Refused. It starts again in 2 s." }));
        Assert.Equal("Rate limited for 30 s.", Degraded(Well with { Reason = "Rate limited for 30 s." }));
        Assert.StartsWith("Records have been waiting for 301 s, longer than 300 s", Degraded(Well with { Freshness = TimeSpan.FromSeconds(301) }));
    }

    [Fact]
    public void What_has_failed_says_why() => Assert.Equal(
        new PipelineHealth(PipelineHealthStatus.Failed, "The disk is full."), Health(LifecycleState.Failed, run: null, "The disk is full."));

    private static string? Degraded(RunStatus? run)
    {
        var health = Health(LifecycleState.Running, run);
        Assert.Equal(PipelineHealthStatus.Degraded, health.Status);
        return health.Reason;
    }

    private static PipelineHealth Health(LifecycleState state, RunStatus? run, string? reason = null) => PipelineHealth.Of(
        new PipelineStatus(
            new RegisteredPipeline { Name = "p", Definition = "", Path = "p.yaml", Version = 1, State = state, Reason = reason, Updated = DateTimeOffset.UnixEpoch }, run),
        Limit);

    private static async Task<JsonNode> BecomesAsync(RunningService service, string pipeline, Func<JsonNode, bool> holds)
    {
        JsonNode seen = null!;
        await Eventually.IsAsync(async () =>
        {
            seen = await service.GetAsync($"/pipelines/{pipeline}");
            return (holds(seen), seen.ToJsonString());
        });
        return seen;
    }

    private static Task<TimeSpan> StatusBecomesAsync(RunningService service, string path, HttpStatusCode status) => Eventually.IsAsync(async () =>
    {
        using var answer = await service.SendAsync(HttpMethod.Get, path);
        return (answer.StatusCode == status, await answer.Content.ReadAsStringAsync());
    });

    private sealed class AwayStore : IServiceStore
    {
        public Engine.State.IStateStore State => throw new NotSupportedException();

        public IPipelineRegistry Pipelines => throw new NotSupportedException();

        public IPipelineLeases Leases => throw new NotSupportedException();

        public INodeDirectory Nodes => throw ConnectorException.External("It is away.");

        public IApiKeys Keys => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
