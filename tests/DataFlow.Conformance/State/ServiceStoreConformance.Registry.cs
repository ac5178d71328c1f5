using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;

namespace DataFlow.Conformance;

/// <content>The registry.</content>
public abstract partial class ServiceStoreConformance
{
    [Fact]
    public async Task A_pipeline_is_added_once_as_version_1_in_the_state_created()
    {
        Assert.True(await AddAsync());
        Assert.False(await Store.Pipelines.AddAsync(Pipeline, 1, "other", "/other", "bob", Ct));

        var expected = new RegisteredPipeline
        {
            Name = Pipeline,
            Definition = Definition,
            Path = "/srv/users.yaml",
            Version = 1,
            State = LifecycleState.Created,
            Updated = Time.GetUtcNow(),
        };
        Assert.Equal(expected, await Store.Pipelines.FindAsync(Pipeline, Ct));
        Assert.Equal([(HistoryEvent.Created, "ann", null)], await HistoryAsync());
    }

    [Fact]
    public async Task Of_many_who_add_the_same_pipeline_at_once_one_succeeds()
    {
        await using var other = await OpenStoreAsync();

        var added = await Task.WhenAll(Enumerable.Range(0, 20).Select(
            i => (i % 2 == 0 ? Store : other).Pipelines.AddAsync(Pipeline, 1, Definition, "/srv", $"user {i}", Ct).AsTask()));

        Assert.Single(added, true);
        Assert.Single(await HistoryAsync());
    }

    [Fact]
    public async Task Pipelines_are_listed_by_name_and_an_unknown_one_is_not_found()
    {
        foreach (var name in (string[])["b", "a", "ä", "B"])
        {
            await AddAsync(name);
        }

        Assert.Equal(["B", "a", "b", "ä"], (await Store.Pipelines.ListAsync(Ct)).Select(pipeline => pipeline.Name));
        Assert.Null(await Store.Pipelines.FindAsync("nobody", Ct));
    }

    [Fact]
    public async Task A_change_replaces_the_definition_and_raises_the_version()
    {
        await AddAsync();
        Time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(RegistryOutcome.Done, await ChangeAsync(1, "new"));

        var changed = (await Store.Pipelines.FindAsync(Pipeline, Ct))!;
        Assert.Equal(("new", 2, LifecycleState.Created), (changed.Definition, changed.Version, changed.State));
        Assert.Equal(Time.GetUtcNow(), changed.Updated);
        Assert.Equal([(HistoryEvent.Changed, "bob", "version 2"), (HistoryEvent.Created, "ann", null)], await HistoryAsync());
    }

    [Fact]
    public async Task A_change_that_expects_another_version_changes_nothing()
    {
        await AddAsync();
        await ChangeAsync(1, "second");

        Assert.Equal(RegistryOutcome.WrongVersion, await ChangeAsync(1, "late"));
        Assert.Equal(RegistryOutcome.WrongVersion, await ChangeAsync(3, "early"));
        Assert.Equal(RegistryOutcome.WrongVersion, await Store.Pipelines.RemoveAsync(Pipeline, 1, "bob", Ct));
        Assert.Equal(RegistryOutcome.NotFound, await Store.Pipelines.ChangeAsync("nobody", 1, 1, "x", whileRunning: false, "bob", Ct));

        Assert.Equal("second", (await Store.Pipelines.FindAsync(Pipeline, Ct))!.Definition);
        Assert.Equal(2, (await HistoryAsync()).Count);
    }

    [Fact]
    public async Task Of_many_who_change_the_same_version_at_once_one_succeeds()
    {
        await AddAsync();
        await using var other = await OpenStoreAsync();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(
            i => (i % 2 == 0 ? Store : other).Pipelines.ChangeAsync(Pipeline, 1, 1, $"by {i}", whileRunning: false, "bob", Ct).AsTask()));

        Assert.Single(outcomes, RegistryOutcome.Done);
        Assert.Equal(19, outcomes.Count(outcome => outcome == RegistryOutcome.WrongVersion));
        var stored = (await Store.Pipelines.FindAsync(Pipeline, Ct))!;
        Assert.Equal(($"by {Array.IndexOf(outcomes, RegistryOutcome.Done)}", 2), (stored.Definition, stored.Version));
    }

    [Theory]
    [InlineData(LifecycleState.Running)]
    [InlineData(LifecycleState.Paused)]
    public async Task What_runs_or_is_paused_can_be_neither_changed_nor_removed(LifecycleState state)
    {
        await AddAsync();
        await MoveAsync(LifecycleState.Created, state, HistoryEvent.Started);

        Assert.Equal(RegistryOutcome.WrongState, await ChangeAsync(1, "new"));
        Assert.Equal(RegistryOutcome.WrongState, await Store.Pipelines.RemoveAsync(Pipeline, 1, "bob", Ct));
        Assert.Equal(RegistryOutcome.WrongState, await Store.Pipelines.RemoveAsync(Pipeline, null, "bob", Ct));

        Assert.Equal(Definition, (await Store.Pipelines.FindAsync(Pipeline, Ct))!.Definition);
    }

    [Fact]
    public async Task What_runs_is_changed_only_by_a_change_that_a_new_run_takes_up()
    {
        await AddAsync();
        Assert.Equal(RegistryOutcome.WrongState, await Store.Pipelines.ChangeAsync(Pipeline, 1, 1, "new", whileRunning: true, "bob", Ct));
        await MoveAsync(LifecycleState.Created, LifecycleState.Running, HistoryEvent.Started);
        Assert.Equal(RegistryOutcome.WrongVersion, await Store.Pipelines.ChangeAsync(Pipeline, 7, 1, "new", whileRunning: true, "bob", Ct));

        Assert.Equal(RegistryOutcome.Done, await Store.Pipelines.ChangeAsync(Pipeline, 1, 1, "new", whileRunning: true, "bob", Ct));

        var changed = (await Store.Pipelines.FindAsync(Pipeline, Ct))!;
        Assert.Equal(("new", 2L, LifecycleState.Running), (changed.Definition, changed.Version, changed.State));
    }

    [Fact]
    public async Task A_removed_pipeline_takes_its_positions_with_it()
    {
        await AddAsync();
        await Store.State.SeekAsync(Pipeline, "a", new SplitPosition(7, "{}"), "bob", Ct);

        await Store.Pipelines.RemoveAsync(Pipeline, 1, "bob", Ct);

        Assert.Empty((await Store.State.ReadAsync(Pipeline, Ct))!.Checkpoint.Splits);
    }

    [Fact]
    public async Task A_removed_pipeline_is_gone_but_for_its_history_and_can_be_added_again_as_version_1()
    {
        await AddAsync();
        await ChangeAsync(1, "second");

        Assert.Equal(RegistryOutcome.Done, await Store.Pipelines.RemoveAsync(Pipeline, 2, "bob", Ct));
        Assert.Equal(RegistryOutcome.NotFound, await Store.Pipelines.RemoveAsync(Pipeline, null, "bob", Ct));
        Assert.Null(await Store.Pipelines.FindAsync(Pipeline, Ct));
        Assert.Empty(await Store.Pipelines.ListAsync(Ct));
        Assert.Equal((HistoryEvent.Removed, "bob", null), (await HistoryAsync())[0]);

        Assert.True(await AddAsync());
        Assert.Equal(1, (await Store.Pipelines.FindAsync(Pipeline, Ct))!.Version);
    }

    [Fact]
    public async Task A_move_stores_state_and_reason_and_tells_the_history()
    {
        await AddAsync();
        await MoveAsync(LifecycleState.Created, LifecycleState.Running, HistoryEvent.Started);
        Time.Advance(TimeSpan.FromMinutes(1));

        Assert.True(await MoveAsync(LifecycleState.Running, LifecycleState.Failed, HistoryEvent.Failed, "The disk is full."));

        var failed = (await Store.Pipelines.FindAsync(Pipeline, Ct))!;
        Assert.Equal((LifecycleState.Failed, "The disk is full.", 1), (failed.State, failed.Reason, failed.Version));
        Assert.Equal(Time.GetUtcNow(), failed.Updated);
        Assert.Equal((HistoryEvent.Failed, "ann", "The disk is full."), (await HistoryAsync())[0]);

        Assert.True(await MoveAsync(LifecycleState.Failed, LifecycleState.Stopped, HistoryEvent.Recovered));
        Assert.Null((await Store.Pipelines.FindAsync(Pipeline, Ct))!.Reason);
    }

    [Fact]
    public async Task A_move_from_a_state_that_it_has_left_changes_nothing()
    {
        await AddAsync();
        await MoveAsync(LifecycleState.Created, LifecycleState.Running, HistoryEvent.Started);

        Assert.False(await MoveAsync(LifecycleState.Created, LifecycleState.Stopped, HistoryEvent.Stopped));
        Assert.False(await MoveAsync(LifecycleState.Created, LifecycleState.Running, HistoryEvent.Started, name: "nobody"));

        Assert.Equal(LifecycleState.Running, (await Store.Pipelines.FindAsync(Pipeline, Ct))!.State);
        Assert.Equal(2, (await HistoryAsync()).Count);
        Assert.Empty(await Store.State.HistoryAsync("nobody", 10, Ct));
    }

    [Fact]
    public async Task Of_many_who_move_a_pipeline_on_the_same_decision_one_succeeds()
    {
        await AddAsync();
        await using var other = await OpenStoreAsync();

        var moved = await Task.WhenAll(Enumerable.Range(0, 20).Select(
            i => (i % 2 == 0 ? Store : other).Pipelines.MoveAsync(
                Pipeline, LifecycleState.Created, LifecycleState.Running, HistoryEvent.Started, null, $"user {i}", null, Ct).AsTask()));

        Assert.Single(moved, true);
        Assert.Equal(2, (await HistoryAsync()).Count);
    }

    [Fact]
    public async Task Only_the_holder_of_the_lease_speaks_for_the_pipeline()
    {
        await AddAsync();
        await MoveAsync(LifecycleState.Created, LifecycleState.Running, HistoryEvent.Started);
        Assert.False(await MoveAsync(LifecycleState.Running, LifecycleState.Completed, HistoryEvent.Completed, holder: NodeA));
        await Store.Leases.ClaimAsync(Pipeline, NodeA, LeaseTime, Ct);

        Assert.False(await MoveAsync(LifecycleState.Running, LifecycleState.Completed, HistoryEvent.Completed, holder: NodeB));
        await LetPassAsync(LeaseTime);
        Assert.False(await MoveAsync(LifecycleState.Running, LifecycleState.Completed, HistoryEvent.Completed, holder: NodeA));

        await Store.Leases.ClaimAsync(Pipeline, NodeA, LeaseTime, Ct);
        Assert.True(await MoveAsync(LifecycleState.Running, LifecycleState.Completed, HistoryEvent.Completed, holder: NodeA));
        Assert.Equal(3, (await HistoryAsync()).Count);
    }

    [Fact]
    public async Task A_pipeline_names_its_owner_while_the_lease_lasts()
    {
        await AddAsync();
        await Store.Leases.ClaimAsync(Pipeline, NodeA, LeaseTime, Ct);
        Assert.Equal(NodeA, (await Store.Pipelines.FindAsync(Pipeline, Ct))!.Owner);
        Assert.Equal(NodeA, Assert.Single(await Store.Pipelines.ListAsync(Ct)).Owner);

        await LetPassAsync(LeaseTime);

        Assert.Null((await Store.Pipelines.FindAsync(Pipeline, Ct))!.Owner);
    }

    private ValueTask<RegistryOutcome> ChangeAsync(long expectedVersion, string definition) =>
        Store.Pipelines.ChangeAsync(Pipeline, expectedVersion, 1, definition, whileRunning: false, "bob", Ct);

    private async Task<IReadOnlyList<(HistoryEvent Event, string Owner, string? Detail)>> HistoryAsync() =>
        [.. (await Store.State.HistoryAsync(Pipeline, 100, Ct)).Select(entry => (entry.Event, entry.Owner, entry.Detail))];
}
