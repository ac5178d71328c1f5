using DataFlow.Cluster;
using DataFlow.Conformance;
using DataFlow.Engine;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;

namespace DataFlow.IntegrationTests.Cluster;

/// <summary>The life of pipelines on a service of one node, with its state in SQLite.</summary>
public sealed class SingleNodeTests
{
    private const string Endless = """
        name: endless
        source:
          type: test
          options: { records-per-second: 500, audit: true }
          batch-size: 50
        sink:
          type: file
          connection: endless.ndjson
        delivery: effectively-once
        commit-interval: 50ms
        """;

    private const string Short = """
        name: short
        source:
          type: test
          options: { total-records: 100 }
        sink:
          type: file
          connection: short.ndjson
        """;

    [Fact]
    public async Task A_pipeline_lives_through_all_its_states_and_the_history_names_each_and_who_asked()
    {
        using var folder = new TemporaryFolder();
        await using var node = await TestNode.StartAsync(folder.Path);
        var added = await node.Pipelines.AddAsync("endless", Endless, path: null, "ann", default);
        Assert.Equal((LifecycleState.Created, 1L), (added.State, added.Version));

        await ExecuteAsync(node, LifecycleCommand.Start, LifecycleState.Running);
        await DeliversAsync(node, "endless");
        await ExecuteAsync(node, LifecycleCommand.Pause, LifecycleState.Paused);
        Assert.Null(node.Runs.Find("endless"));
        await ExecuteAsync(node, LifecycleCommand.Resume, LifecycleState.Running);
        await DeliversAsync(node, "endless");
        await ExecuteAsync(node, LifecycleCommand.Stop, LifecycleState.Stopped);

        var history = await node.Store.State.HistoryAsync("endless", 100, default);
        Assert.Equal(
            [HistoryEvent.Created, HistoryEvent.Started, HistoryEvent.Paused, HistoryEvent.Resumed, HistoryEvent.Stopped],
            history.Where(entry => entry.Owner == "ann").Select(entry => entry.Event).Reverse());
        NumberedFile.Assert(folder["endless.ndjson"], (await node.Store.State.ReadAsync("endless", default))!.Checkpoint.Counters);
    }

    [Fact]
    public async Task A_source_that_ends_completes_its_pipeline_and_it_can_be_started_again()
    {
        using var folder = new TemporaryFolder();
        await using var node = await TestNode.StartAsync(folder.Path);
        await node.Pipelines.AddAsync("short", Short, path: null, TestNode.By, default);
        await node.Pipelines.ExecuteAsync("short", LifecycleCommand.Start, TestNode.By, default);
        await ReachesAsync(node, "short", LifecycleState.Completed);

        await node.Pipelines.ExecuteAsync("short", LifecycleCommand.Start, TestNode.By, default);
        await ReachesAsync(node, "short", LifecycleState.Completed);

        Assert.Equal(100, File.ReadAllLines(folder["short.ndjson"]).Length);
    }

    [Fact]
    public async Task A_run_of_an_old_definition_makes_way_for_the_new_one_though_nobody_said_that_it_was_changed()
    {
        using var folder = new TemporaryFolder();
        await using var node = await TestNode.StartAsync(folder.Path);
        await node.Pipelines.AddAsync("endless", Endless, path: null, "ann", default);
        await ExecuteAsync(node, LifecycleCommand.Start, LifecycleState.Running);
        await DeliversAsync(node, "endless");
        var old = node.Runs.Find("endless");

        // As a node that dies after it has changed the definition of a running pipeline.
        var changed = Endless.Replace("commit-interval: 50ms", "commit-interval: 60ms", StringComparison.Ordinal);
        Assert.Equal(RegistryOutcome.Done, await node.Store.Pipelines.ChangeAsync("endless", 1, 1, changed, whileRunning: true, "ann", default));

        await Eventually.IsAsync(() => Task.FromResult((node.Runs.Find("endless") is { } run && run != old, "It is the old run.")));
        await DeliversAsync(node, "endless");
        await ExecuteAsync(node, LifecycleCommand.Stop, LifecycleState.Stopped);
        var history = await node.Store.State.HistoryAsync("endless", 100, default);
        Assert.Equal(2, history.Count(entry => entry.Event == HistoryEvent.RunStarted));
        Assert.Equal(2, history.Count(entry => entry.Event == HistoryEvent.RunStopped));
        NumberedFile.Assert(folder["endless.ndjson"], (await node.Store.State.ReadAsync("endless", default))!.Checkpoint.Counters);
    }

    [Fact]
    public async Task Commands_are_idempotent()
    {
        using var folder = new TemporaryFolder();
        await using var node = await TestNode.StartAsync(folder.Path);
        await node.Pipelines.AddAsync("endless", Endless, path: null, "ann", default);
        foreach (var command in (LifecycleCommand[])[LifecycleCommand.Start, LifecycleCommand.Pause, LifecycleCommand.Resume, LifecycleCommand.Stop, LifecycleCommand.Recover])
        {
            var first = await node.Pipelines.ExecuteAsync("endless", command, "ann", default);
            var second = await node.Pipelines.ExecuteAsync("endless", command, "ann", default);
            Assert.Equal(first.Pipeline.State, second.Pipeline.State);
        }

        var history = await node.Store.State.HistoryAsync("endless", 100, default);
        Assert.Equal(5, history.Count(entry => entry.Owner == "ann"));
    }

    [Fact]
    public async Task Many_commands_at_once_leave_the_pipeline_in_one_state_and_no_record_is_lost_or_doubled()
    {
        using var folder = new TemporaryFolder();
        await using var node = await TestNode.StartAsync(folder.Path);
        await node.Pipelines.AddAsync("endless", Endless, path: null, "ann", default);
        await ExecuteAsync(node, LifecycleCommand.Start, LifecycleState.Running);
        await DeliversAsync(node, "endless");
        LifecycleCommand[] commands = [LifecycleCommand.Start, LifecycleCommand.Stop, LifecycleCommand.Pause, LifecycleCommand.Resume];
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async number =>
        {
            try
            {
                await node.Pipelines.ExecuteAsync("endless", commands[number % commands.Length], "ann", default);
            }
            catch (RefusalException refusal)
            {
                Assert.Equal(RefusalKind.WrongState, refusal.Kind);
            }
        }));
        var state = (await node.Pipelines.GetAsync("endless", default)).Pipeline.State;
        await node.Pipelines.ExecuteAsync("endless", state == LifecycleState.Paused ? LifecycleCommand.Resume : LifecycleCommand.Start, "ann", default);
        await DeliversAsync(node, "endless");
        await ExecuteAsync(node, LifecycleCommand.Stop, LifecycleState.Stopped);
        NumberedFile.Assert(folder["endless.ndjson"], (await node.Store.State.ReadAsync("endless", default))!.Checkpoint.Counters);
    }

    [Fact]
    public async Task A_pipeline_is_changed_only_while_it_does_not_run_and_only_from_the_version_that_was_read()
    {
        using var folder = new TemporaryFolder();
        await using var node = await TestNode.StartAsync(folder.Path);
        await node.Pipelines.AddAsync("endless", Endless, path: null, "ann", default);
        await ExecuteAsync(node, LifecycleCommand.Start, LifecycleState.Running);
        var slower = Endless.Replace("commit-interval: 50ms", "commit-interval: 100ms", StringComparison.Ordinal);

        await RefusedAsync(RefusalKind.WrongState, () => node.Pipelines.ChangeAsync("endless", 1, slower, "ann", default));
        await RefusedAsync(RefusalKind.WrongState, () => node.Pipelines.ResetAsync("endless", keepDeadLetters: false, "ann", default));
        await RefusedAsync(RefusalKind.WrongState, () => node.Pipelines.RemoveAsync("endless", 1, "ann", default));
        await ExecuteAsync(node, LifecycleCommand.Stop, LifecycleState.Stopped);
        Assert.Equal(2, (await node.Pipelines.ChangeAsync("endless", 1, slower, "ann", default)).Version);
        await RefusedAsync(RefusalKind.WrongVersion, () => node.Pipelines.ChangeAsync("endless", 1, slower, "ann", default));
        await RefusedAsync(RefusalKind.AlreadyExists, () => node.Pipelines.AddAsync("endless", Endless, path: null, "ann", default));
        await Assert.ThrowsAsync<ConfigurationException>(() => node.Pipelines.ChangeAsync("endless", 2, "name: endless", "ann", default));
        await node.Pipelines.RemoveAsync("endless", 2, "ann", default);
        await RefusedAsync(RefusalKind.NotFound, () => node.Pipelines.GetAsync("endless", default));
    }

    [Fact]
    public async Task A_pipeline_whose_file_is_missing_fails_with_the_reason_and_runs_after_recovery()
    {
        using var folder = new TemporaryFolder();
        await using var node = await TestNode.StartAsync(folder.Path);
        const string Reader = """
            name: reader
            source:
              type: file
              connection: missing.csv
              options: { format: csv }
            sink:
              type: file
              connection: reader.ndjson
            """;
        await node.Pipelines.AddAsync("reader", Reader, path: null, "ann", default);
        await node.Pipelines.ExecuteAsync("reader", LifecycleCommand.Start, "ann", default);
        var failed = await ReachesAsync(node, "reader", LifecycleState.Failed);
        Assert.Contains("missing.csv", failed.Pipeline.Reason, StringComparison.Ordinal);
        Assert.False(failed.IsHealthy);
        await RefusedAsync(RefusalKind.WrongState, () => node.Pipelines.ExecuteAsync("reader", LifecycleCommand.Start, "ann", default));

        folder.Write("missing.csv", "id,name\n1,Ann\n");
        await node.Pipelines.ExecuteAsync("reader", LifecycleCommand.Recover, "ann", default);
        await node.Pipelines.ExecuteAsync("reader", LifecycleCommand.Start, "ann", default);
        await ReachesAsync(node, "reader", LifecycleState.Completed);
        Assert.Single(File.ReadAllLines(folder["reader.ndjson"]));
    }

    [Fact]
    public async Task What_ran_before_a_restart_of_the_service_runs_again_and_what_was_paused_stays_paused()
    {
        using var folder = new TemporaryFolder();
        await using (var node = await TestNode.StartAsync(folder.Path))
        {
            foreach (var name in (string[])["endless", "other"])
            {
                await node.Pipelines.AddAsync(name, Endless.Replace("endless", name, StringComparison.Ordinal), path: null, "ann", default);
                await node.Pipelines.ExecuteAsync(name, LifecycleCommand.Start, "ann", default);
            }

            await node.Pipelines.ExecuteAsync("other", LifecycleCommand.Pause, "ann", default);
            await DeliversAsync(node, "endless");
        }

        await using var again = await TestNode.StartAsync(folder.Path);
        await DeliversAsync(again, "endless");
        Assert.Null(again.Runs.Find("other"));
        Assert.Equal(LifecycleState.Paused, (await again.Pipelines.GetAsync("other", default)).Pipeline.State);
        await again.Pipelines.ExecuteAsync("endless", LifecycleCommand.Stop, "ann", default);
        NumberedFile.Assert(folder["endless.ndjson"], (await again.Store.State.ReadAsync("endless", default))!.Checkpoint.Counters);
    }

    [Fact]
    public async Task Listening_shows_the_records_that_pass_and_a_filter_does_not_touch_what_is_delivered()
    {
        using var folder = new TemporaryFolder();
        await using var node = await TestNode.StartAsync(folder.Path);
        await node.Pipelines.AddAsync("endless", Endless, path: null, "ann", default);
        await ExecuteAsync(node, LifecycleCommand.Start, LifecycleState.Running);
        var run = node.Runs.Find("endless")!;
        var seen = new List<string>();
        await foreach (var record in run.ListenAsync("age >= 50", default))
        {
            seen.Add(record);
            if (seen.Count == 20)
            {
                break;
            }
        }

        Assert.All(seen, record =>
        {
            using var json = System.Text.Json.JsonDocument.Parse(record);
            Assert.True(json.RootElement.GetProperty("data").GetProperty("age").GetInt32() >= 50, record);
            Assert.True(json.RootElement.TryGetProperty("metadata", out _), record);
        });
        Assert.Throws<OptionException>(() => run.ListenAsync("age >=", default));
        await ExecuteAsync(node, LifecycleCommand.Stop, LifecycleState.Stopped);
        NumberedFile.Assert(folder["endless.ndjson"], (await node.Store.State.ReadAsync("endless", default))!.Checkpoint.Counters);
    }

    [Fact]
    public async Task A_run_of_the_command_line_on_the_same_state_is_waited_for()
    {
        using var folder = new TemporaryFolder();
        await using var node = await TestNode.StartAsync(folder.Path);
        await node.Pipelines.AddAsync("endless", Endless, path: null, "ann", default);
        using (PipelineLock.Acquire(folder["state"], "endless", instance: null, TimeProvider.System))
        {
            var started = await node.Pipelines.ExecuteAsync("endless", LifecycleCommand.Start, "ann", default);
            Assert.Equal(RunState.Starting, started.Run!.State);
            Assert.Contains("already running: process", started.Run.Reason, StringComparison.Ordinal);
            await RefusedAsync(RefusalKind.WrongState, () => node.Pipelines.ResetAsync("endless", keepDeadLetters: true, "ann", default));
        }

        await DeliversAsync(node, "endless");
    }

    private static async Task ExecuteAsync(TestNode node, LifecycleCommand command, LifecycleState expected)
    {
        var status = await node.Pipelines.ExecuteAsync("endless", command, "ann", default);
        Assert.Equal(expected, status.Pipeline.State);
    }

    private static async Task RefusedAsync(RefusalKind kind, Func<Task> action)
    {
        var refusal = await Assert.ThrowsAsync<RefusalException>(action);
        Assert.Equal(kind, refusal.Kind);
    }

    private static Task DeliversAsync(TestNode node, string name) => Eventually.IsAsync(async () =>
    {
        var status = await node.Pipelines.GetAsync(name, default);
        return (status.Run is { Counters.Delivered: > 100 }, status.ToString());
    });

    private static async Task<PipelineStatus> ReachesAsync(TestNode node, string name, LifecycleState state)
    {
        PipelineStatus? status = null;
        await Eventually.IsAsync(async () =>
        {
            status = await node.Pipelines.GetAsync(name, default);
            return (status.Pipeline.State == state, $"{status.Pipeline.State}: {status.Pipeline.Reason} {status.Run}");
        });
        return status!;
    }
}
