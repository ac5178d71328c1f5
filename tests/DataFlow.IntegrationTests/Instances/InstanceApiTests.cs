using System.Net;
using System.Text.Json.Nodes;
using DataFlow.Conformance;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;
using DataFlow.IntegrationTests.Service;
using DataFlow.Server.Import;
using Microsoft.Extensions.DependencyInjection;

namespace DataFlow.IntegrationTests.Instances;

/// <summary>A pipeline with several instances in a service, asked and steered as a whole over HTTP.</summary>
public sealed class InstanceApiTests(TestService service) : IClassFixture<TestService>
{
    [Fact]
    public async Task It_is_told_as_a_whole_with_its_instances_in_it()
    {
        await service.AddAsync(Endless("whole"), start: true);
        await DeliversAsync("whole");

        var whole = await service.GetAsync("pipelines/whole");

        Assert.Equal("\"1\"", whole.ETag);
        Assert.Equal(("whole", "running", "healthy"), (Text(whole, "name"), Text(whole, "state"), whole.Json["health"]!["status"]!.GetValue<string>()));
        Assert.Equal(
            ["whole.1 running", "whole.2 running", "whole.3 running"],
            Instances(whole).Select(instance => $"{instance["name"]} {instance["state"]}"));
        Assert.All(Instances(whole), instance => Assert.Equal(whole.Json["run"]!["node"]!.GetValue<string>(), instance["node"]!.GetValue<string>()));
        Assert.Equal(3, whole.Json["definition"]!["instances"]!.GetValue<int>());
        var second = await service.GetAsync("pipelines/whole.2");
        Assert.Equal(("whole.2", "whole"), (Text(second, "name"), Text(second, "instanceOf")));
        Assert.Null(second.Json["instances"]);

        var listed = (await service.GetAsync("pipelines?after=whold&limit=1")).Json["items"]!.AsArray()[0]!;
        Assert.Equal(("whole", 3), (listed["name"]!.GetValue<string>(), listed["instances"]!.AsArray().Count));

        await service.PostAsync("pipelines/whole/stop");
        var numbers = new List<long>();
        var delivered = 0L;
        for (var number = 1; number <= 3; number++)
        {
            delivered += (await service.GetAsync($"pipelines/whole.{number}/state")).Json["counters"]!["delivered"]!.GetValue<long>();
            numbers.AddRange(File.ReadLines(service.PathOf($"whole-{number}.ndjson")).Select(line => JsonNode.Parse(line)!["sequence"]!.GetValue<long>()));
        }

        Assert.Equal((delivered, numbers.Count), (numbers.Count, numbers.Distinct().Count()));
    }

    [Fact]
    public async Task Commands_are_carried_out_on_all_instances_and_giving_them_again_changes_nothing()
    {
        await service.AddAsync(Endless("steered"));
        foreach (var (command, state) in ((string, string)[])[("start", "running"), ("pause", "paused"), ("resume", "running"), ("stop", "stopped"), ("recover", "stopped")])
        {
            for (var time = 0; time < 2; time++)
            {
                var answer = (await service.PostAsync($"pipelines/steered/{command}")).Is(HttpStatusCode.OK);
                Assert.Equal(state, Text(answer, "state"));
                Assert.All(Instances(answer), instance => Assert.Equal(state, instance["state"]!.GetValue<string>()));
            }
        }

        (await service.PostAsync("pipelines/steered/resume")).IsProblem(
            HttpStatusCode.Conflict, "conflict", "3 of the 3 instances of pipeline 'steered' did not resume.", "Pipeline 'steered.2' does not resume");
    }

    [Fact]
    public async Task A_single_instance_is_steered_under_its_own_name_and_the_whole_says_what_is_different()
    {
        await service.AddAsync(Endless("parted"), start: true);

        (await service.PostAsync("pipelines/parted.2/stop")).Is(HttpStatusCode.OK);

        var whole = await service.GetAsync("pipelines/parted");
        Assert.Equal(("running", "2 running, 1 stopped."), (Text(whole, "state"), Text(whole, "reason")));
        Assert.Equal("running", Text((await service.PostAsync("pipelines/parted/start")).Is(HttpStatusCode.OK), "state"));
        Assert.Equal("running", Text(await service.GetAsync("pipelines/parted.2"), "state"));
        await service.PostAsync("pipelines/parted/stop");
    }

    [Fact]
    public async Task When_one_instance_fails_the_whole_has_failed_and_commands_say_which_one_refuses()
    {
        // Folders where the files of the sink should be.
        service.Write("failing-1.ndjson/x", "");
        service.Write("failing-2.ndjson/x", "");
        for (var file = 0; file < 8; file++)
        {
            service.Write($"failing/{file}.csv", "id\n1\n");
        }

        await service.AddAsync(Files("failing", "failing/*.csv", count: 2), start: true);
        await service.ReachesAsync("failing.1", "failed");
        await service.ReachesAsync("failing.2", "failed");
        await service.PostAsync("pipelines/failing.1/recover");

        var whole = await service.GetAsync("pipelines/failing");

        Assert.Equal(("failed", "failed", false), (Text(whole, "state"), whole.Json["health"]!["status"]!.GetValue<string>(), whole.Json["isHealthy"]!.GetValue<bool>()));
        Assert.StartsWith("1 failed, 1 stopped. failing.2: ", Text(whole, "reason"), StringComparison.Ordinal);
        (await service.PostAsync("pipelines/failing/stop")).IsProblem(
            HttpStatusCode.Conflict,
            "conflict",
            "1 of the 2 instances of pipeline 'failing' did not stop. Pipeline 'failing.2' does not stop: it has failed",
            "What the others did stands; giving the command again does the rest.");
        Assert.Equal("stopped", Text((await service.PostAsync("pipelines/failing/recover")).Is(HttpStatusCode.OK), "state"));
    }

    [Fact]
    public async Task A_start_of_the_whole_does_not_read_again_what_an_instance_has_read_to_its_end()
    {
        service.Write("rest-2.ndjson/x", "");
        for (var file = 0; file < 8; file++)
        {
            service.Write($"rest/{file}.csv", "id\n1\n");
        }

        await service.AddAsync(Files("rest", "rest/*.csv", count: 2), start: true);
        await service.ReachesAsync("rest.1", "completed");
        await service.ReachesAsync("rest.2", "failed");
        Directory.Delete(service.PathOf("rest-2.ndjson"), recursive: true);

        await service.PostAsync("pipelines/rest/recover");
        (await service.PostAsync("pipelines/rest/start")).Is(HttpStatusCode.OK);

        await service.ReachesAsync("rest", "completed");
        var history = (await service.GetAsync("pipelines/rest.1/history")).Json["items"]!.AsArray();
        Assert.Single(history, entry => entry!["event"]!.GetValue<string>() == "started");
    }

    [Fact]
    public async Task What_only_an_instance_has_is_asked_of_an_instance()
    {
        await service.AddAsync(Endless("asked"));
        foreach (var (method, path, body) in ((HttpMethod, string, string?)[])
        [
            (HttpMethod.Get, "state", null),
            (HttpMethod.Post, "state/seek", """{ "offset": 3 }"""),
            (HttpMethod.Get, "dead-letters", null),
            (HttpMethod.Get, "dead-letters/1", null),
            (HttpMethod.Post, "dead-letters/replay", null),
            (HttpMethod.Delete, "dead-letters?all=true", null),
            (HttpMethod.Get, "history", null),
            (HttpMethod.Get, "gaps", null),
            (HttpMethod.Get, "tap", null),
        ])
        {
            (await service.SendAsync(method, $"pipelines/asked/{path}", body, "application/json")).IsProblem(
                HttpStatusCode.Conflict, "conflict", "Pipeline 'asked' runs as 3 instances", "say which one is meant: asked.1, asked.2, asked.3.");
        }

        Assert.Equal("created", (await service.GetAsync("pipelines/asked.3/history")).Json["items"]![0]!["event"]!.GetValue<string>());
        (await service.PostAsync("pipelines/asked.3/state/seek", """{ "offset": 3 }""")).Is(HttpStatusCode.OK);
        (await service.PostAsync("pipelines/asked/state/reset")).Is(HttpStatusCode.NoContent);
        Assert.Empty((await service.GetAsync("pipelines/asked.3/state")).Json["splits"]!.AsObject());
    }

    [Fact]
    public async Task The_definition_is_changed_and_removed_for_all_and_not_for_one()
    {
        await service.AddAsync(Endless("changed"));
        var slower = Endless("changed").Replace("records-per-second: 300", "records-per-second: 30", StringComparison.Ordinal);

        (await service.SendAsync(HttpMethod.Put, "pipelines/changed.2", slower, ifMatch: "\"1\"")).IsProblem(
            HttpStatusCode.Conflict, "conflict", "'changed.2' is an instance of pipeline 'changed'");
        (await service.SendAsync(HttpMethod.Delete, "pipelines/changed.2", ifMatch: "*")).IsProblem(HttpStatusCode.Conflict, "conflict", "is an instance of");
        var changed = (await service.SendAsync(HttpMethod.Put, "pipelines/changed", slower, ifMatch: "\"1\"")).Is(HttpStatusCode.OK);
        Assert.Equal(("\"2\"", 3), (changed.ETag, Instances(changed).Count));
        Assert.Equal("\"2\"", (await service.GetAsync("pipelines/changed.3")).ETag);
        (await service.SendAsync(HttpMethod.Put, "pipelines/changed", slower, ifMatch: "\"1\"")).IsProblem(HttpStatusCode.PreconditionFailed, "wrong-version");

        await service.PostAsync("pipelines/changed.2/start");
        (await service.SendAsync(HttpMethod.Delete, "pipelines/changed", ifMatch: "\"2\"")).IsProblem(HttpStatusCode.Conflict, "conflict", "stop it first");
        await service.PostAsync("pipelines/changed.2/stop");
        (await service.SendAsync(HttpMethod.Delete, "pipelines/changed", ifMatch: "\"2\"")).Is(HttpStatusCode.NoContent);
        (await service.GetAsync("pipelines/changed")).IsProblem(HttpStatusCode.NotFound, "not-found");
        (await service.GetAsync("pipelines/changed.1")).IsProblem(HttpStatusCode.NotFound, "not-found");
    }

    [Fact]
    public async Task Another_number_of_instances_is_refused_while_positions_mean_the_old_one_and_taken_after_a_reset()
    {
        for (var file = 0; file < 6; file++)
        {
            service.Write($"counted/{file}.csv", $"id\n{file}\n");
        }

        var three = Files("counted", "counted/*.csv", count: 3);
        var two = Files("counted", "counted/*.csv", count: 2);
        await service.AddAsync(three, start: true);
        await service.ReachesAsync("counted", "completed");

        var plan = (await service.SendAsync(HttpMethod.Post, "pipelines/counted/plan", two)).Is(HttpStatusCode.OK);
        Assert.Equal("would-re-read", Text(plan, "outcome"));
        (await service.SendAsync(HttpMethod.Put, "pipelines/counted", two, ifMatch: "*")).IsProblem(
            HttpStatusCode.Conflict, "conflict", "has read its source in 3 instances, and 2 instances would not go on where it stands", "Reset its state first");

        await service.PostAsync("pipelines/counted/state/reset");
        for (var number = 1; number <= 3; number++)
        {
            File.Delete(service.PathOf($"counted-{number}.ndjson"));
        }

        Assert.Equal(2, Instances((await service.SendAsync(HttpMethod.Put, "pipelines/counted", two, ifMatch: "*")).Is(HttpStatusCode.OK)).Count);
        await service.PostAsync("pipelines/counted/start");
        await service.ReachesAsync("counted", "completed");
        Assert.Equal(
            Enumerable.Range(0, 6).Select(id => $"{id}"),
            Enumerable.Range(1, 2).SelectMany(number => File.ReadLines(service.PathOf($"counted-{number}.ndjson"))).Select(line => JsonNode.Parse(line)!["id"]!.ToString()).Order());
    }

    [Fact]
    public async Task An_instance_with_dead_letters_does_not_go_before_they_have()
    {
        for (var file = 0; file < 8; file++)
        {
            service.Write($"letters/{file}.csv", "id,name\n1,a,b,c\n");
        }

        await service.AddAsync(Files("letters", "letters/*.csv", count: 2), start: true);
        await service.ReachesAsync("letters", "completed");
        Assert.NotEmpty((await service.GetAsync("pipelines/letters.2/dead-letters")).Json["items"]!.AsArray());
        await service.Services.GetRequiredService<IServiceStore>().State.ResetAsync("letters.1", "test", clearDeadLetters: false, default);
        await service.PostAsync("pipelines/letters/state/reset?keepDeadLetters=true");
        var one = Files("letters", "letters/*.csv", count: 1);

        (await service.SendAsync(HttpMethod.Put, "pipelines/letters", one, ifMatch: "*")).IsProblem(
            HttpStatusCode.Conflict, "conflict", "With one piece there would be no 'letters.1' any more, which has", "replay or delete them first");

        await service.SendAsync(HttpMethod.Delete, "pipelines/letters.1/dead-letters?all=true");
        await service.SendAsync(HttpMethod.Delete, "pipelines/letters.2/dead-letters?all=true");
        var changed = (await service.SendAsync(HttpMethod.Put, "pipelines/letters", one, ifMatch: "*")).Is(HttpStatusCode.OK);
        Assert.Equal(("letters", "created"), (Text(changed, "name"), Text(changed, "state")));
        Assert.Null(changed.Json["instances"]);
    }

    [Fact]
    public async Task The_command_shows_the_pipeline_once_with_its_instances_and_their_nodes()
    {
        await service.AddAsync(Endless("shown"), start: true);
        await DeliversAsync("shown");

        var list = await Cli.RunAsync(service.Folder, "pipelines", "list", "--server", $"{service.Address}");
        var show = await Cli.RunAsync(service.Folder, "pipelines", "show", "shown", "--server", $"{service.Address}");
        var stop = await Cli.RunAsync(service.Folder, "pipelines", "stop", "shown", "--server", $"{service.Address}");

        Assert.Matches(@"(?m)^shown +running +3 instances\.", list.Out);
        Assert.DoesNotContain("shown.2", list.Out, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^shown: running, version 1\r?\n  runs on \S+: running\r?\n  [\d,]+ read = ", show.Out);
        Assert.Matches(@"(?m)^  shown\.2 +running +\S+", show.Out);
        Assert.Equal("shown: stopped", stop.Out.Trim());
    }

    [Fact]
    public async Task Names_of_instances_are_taken()
    {
        await service.AddAsync(Definitions.Endless("taken.2"));
        (await service.SendAsync(HttpMethod.Post, "pipelines", Endless("taken"))).IsProblem(
            HttpStatusCode.Conflict, "conflict", "The 3 instances of pipeline 'taken' would be called 'taken.1' to 'taken.3'");
        await service.AddAsync(Endless("given"));
        (await service.SendAsync(HttpMethod.Post, "pipelines", Definitions.Endless("given.3"))).IsProblem(
            HttpStatusCode.Conflict, "conflict", "Pipeline 'given' has an instance 'given.3' already");
        (await service.SendAsync(HttpMethod.Post, "pipelines", Definitions.Endless("given"))).IsProblem(
            HttpStatusCode.Conflict, "conflict", "There is a pipeline 'given' already");
    }

    [Fact]
    public async Task A_file_is_brought_in_with_all_of_its_instances_and_changed_in_place()
    {
        service.Write("import/a.yaml", Endless("imported"));
        Assert.Equal(ImportOutcome.Added, (await ImportAsync()).Outcome);
        Assert.Equal("known, running", (await ImportAsync()).Detail);
        await DeliversAsync("imported");

        service.Write("import/a.yaml", Endless("imported").Replace("commit-interval: 50ms", "commit-interval: 60ms", StringComparison.Ordinal));
        Assert.Equal((ImportOutcome.Changed, "changed (commit-interval), started"), ((await ImportAsync()) is var changed ? changed.Outcome : default, changed.Detail));
        Assert.Equal("\"2\"", (await service.GetAsync("pipelines/imported.2")).ETag);
        await DeliversAsync("imported");

        service.Write("import/a.yaml", Endless("imported").Replace("instances: 3", "instances: 4", StringComparison.Ordinal));
        Assert.Equal(ImportOutcome.LeftAlone, (await ImportAsync()).Outcome);
        Assert.Equal(3, Instances(await service.GetAsync("pipelines/imported")).Count);
        await service.PostAsync("pipelines/imported/stop");

        service.Write("import/b.yaml", Definitions.Endless("imported.2"));
        var alike = Assert.Throws<ConfigurationException>(() => PipelineFiles.Read([service.PathOf("import")], BuiltInCatalogue.Instance));
        Assert.Contains("have the same name, 'imported.2'", alike.Message, StringComparison.Ordinal);
    }

    private static string Endless(string name) => $$"""
        name: {{name}}
        instances: 3
        source:
          type: test
          options: { records-per-second: 300, audit: true }
          batch-size: 20
        sink:
          type: file
          connection: {{name}}-{instance}.ndjson
        commit-interval: 50ms
        """;

    private static string Files(string name, string pattern, int count) => $$"""
        name: {{name}}
        instances: {{count}}
        source:
          type: file
          connection: {{pattern}}
          options: { format: csv }
        sink:
          type: file
          connection: {{name}}-{instance}.ndjson
        """;

    private Task DeliversAsync(string name) => Eventually.IsAsync(async () =>
    {
        var whole = await service.GetAsync($"pipelines/{name}");
        return (Instances(whole).All(instance => instance["node"] is not null) && whole.Json["run"]?["counters"]?["delivered"]?.GetValue<long>() > 100, whole.Text);
    });

    private async Task<ImportedPipeline> ImportAsync()
    {
        var file = Assert.Single(PipelineFiles.Read([service.PathOf("import/a.yaml")], BuiltInCatalogue.Instance));
        return await new PipelineImport(service.Pipelines, service.Services.GetRequiredService<IServiceStore>()).ImportAsync(file, default);
    }

    private static IReadOnlyList<JsonNode> Instances(Answer answer) => [.. answer.Json["instances"]!.AsArray().Select(instance => instance!)];

    private static string? Text(Answer answer, string key) => answer.Json[key]?.GetValue<string>();
}
