using System.Net;
using System.Text.Json.Nodes;
using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Service;

/// <summary>Commands, history and gaps, over HTTP.</summary>
public sealed class LifecycleApiTests(TestService service) : IClassFixture<TestService>
{
    [Fact]
    public async Task A_pipeline_is_started_paused_resumed_and_stopped_and_the_history_says_so()
    {
        await service.AddAsync(Definitions.Endless("life"));

        await CommandAsync("start", "running");
        await CommandAsync("pause", "paused");
        await CommandAsync("pause", "paused");
        await CommandAsync("resume", "running");
        await CommandAsync("stop", "stopped");
        await CommandAsync("recover", "stopped");

        var history = (await service.GetAsync("pipelines/life/history")).Is(HttpStatusCode.OK).Json["items"]!.AsArray();
        Assert.Equal(
            ["created", "started", "paused", "resumed", "stopped"],
            history.Where(entry => entry!["by"]!.GetValue<string>() == "anonymous (loopback)").Select(entry => entry!["event"]!.GetValue<string>()).Reverse());
        Assert.Single((await service.GetAsync("pipelines/life/history?limit=1")).Json["items"]!.AsArray());

        async Task CommandAsync(string verb, string state) =>
            Assert.Equal(state, (await service.PostAsync($"pipelines/life/{verb}")).Is(HttpStatusCode.OK).Json["state"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_running_pipeline_says_who_runs_it_and_what_it_has_done()
    {
        await service.AddAsync(Definitions.Endless("seen"), start: true);

        await Conformance.Eventually.IsAsync(async () =>
        {
            var answer = await service.GetAsync("pipelines/seen");
            return (answer.Json["run"]?["counters"]?["delivered"]?.GetValue<long>() > 0, answer.Text);
        });

        var run = (await service.GetAsync("pipelines/seen")).Json["run"]!;
        Assert.Equal("running", run["state"]!.GetValue<string>());
        Assert.True(run["isHealthy"]!.GetValue<bool>());
        Assert.Equal(Environment.MachineName, run["node"]!.GetValue<string>());
    }

    [Fact]
    public async Task What_a_state_forbids_is_a_conflict_that_says_what_to_do()
    {
        await service.AddAsync(Definitions.Endless("idle"));

        (await service.PostAsync("pipelines/idle/pause")).IsProblem(HttpStatusCode.Conflict, "conflict", "'idle'", "only a running pipeline is paused");
        (await service.PostAsync("pipelines/idle/resume")).IsProblem(HttpStatusCode.Conflict, "conflict", "start it");
    }

    [Fact]
    public async Task A_failed_pipeline_says_why_and_is_recovered()
    {
        await service.AddAsync(Definitions.Csv("failing", "there-is-none.csv"), start: true);
        await service.ReachesAsync("failing", "failed");

        var failed = (await service.GetAsync("pipelines/failing")).Json;
        Assert.Contains("there-is-none.csv", failed["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.False(failed["isHealthy"]!.GetValue<bool>());
        (await service.PostAsync("pipelines/failing/start")).IsProblem(HttpStatusCode.Conflict, "conflict", "recover");
        service.Write("there-is-none.csv", "id\n1\n");
        (await service.PostAsync("pipelines/failing/recover")).Is(HttpStatusCode.OK);
        (await service.PostAsync("pipelines/failing/start")).Is(HttpStatusCode.OK);
        await service.ReachesAsync("failing", "completed");
    }

    [Fact]
    public async Task A_pipeline_without_gaps_has_an_empty_ledger()
    {
        await service.AddAsync(Definitions.Endless("gapless"));

        Assert.Empty((await service.GetAsync("pipelines/gapless/gaps")).Is(HttpStatusCode.OK).Json["items"]!.AsArray());
    }

    [Fact]
    public async Task The_ledger_and_the_history_come_in_parts_newest_first()
    {
        var connections = 0;
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            var number = Interlocked.Increment(ref connections) * 10;
            await connection.SendAsync($$"""{"n":{{number}}}""");
            if (number < 50)
            {
                await connection.CloseAsync(1001);
            }

            await connection.UntilClosedAsync();
        });
        await service.AddAsync(
            $$"""
            name: cut
            source: { type: websocket, connection: "{{server.Address}}", options: { sequence-path: n, reconnect-min-backoff: 10ms } }
            sink: { type: "null" }
            """,
            start: true);
        await Conformance.Eventually.IsAsync(async () =>
        {
            var answer = await service.GetAsync("pipelines/cut/gaps");
            return (answer.Json["items"]!.AsArray().Count == 4, answer.Text);
        });
        (await service.PostAsync("pipelines/cut/stop")).Is(HttpStatusCode.OK);

        Assert.Equal([50, 40, 30, 20], (await AllAsync("pipelines/cut/gaps")).Select(gap => gap["next"]!.GetValue<int>()));
        var history = (await service.GetAsync("pipelines/cut/history")).Json["items"]!.AsArray();
        Assert.True(history.Count > 4);
        Assert.Equal(history.Select(entry => entry!.ToJsonString()), (await AllAsync("pipelines/cut/history")).Select(entry => entry.ToJsonString()));

        async Task<List<JsonNode>> AllAsync(string path)
        {
            var all = new List<JsonNode>();
            for (string? next = ""; next is not null;)
            {
                var page = (await service.GetAsync($"{path}?limit=3{next}")).Is(HttpStatusCode.OK).Json;
                Assert.InRange(page["items"]!.AsArray().Count, 1, 3);
                all.AddRange(page["items"]!.AsArray()!);
                next = page["next"] is { } after ? $"&after={after}" : null;
            }

            return all;
        }
    }

    [Fact]
    public async Task The_nodes_are_listed()
    {
        var node = Assert.Single((await service.GetAsync("nodes")).Is(HttpStatusCode.OK).Json["items"]!.AsArray())!;

        Assert.Equal(Environment.MachineName, node["name"]!.GetValue<string>());
        Assert.Equal("up", node["membership"]!.GetValue<string>());
        Assert.Equal(service.Address, new Uri(node["address"]!.GetValue<string>()));
        Assert.True(node["isThisNode"]!.GetValue<bool>());
    }
}
