using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;

namespace DataFlow.Conformance;

/// <content>Pipelines with several instances in the registry.</content>
public abstract partial class ServiceStoreConformance
{
    private static readonly string[] ThreeNames = ["users.1", "users.2", "users.3"];

    [Fact]
    public async Task The_instances_of_a_pipeline_are_added_together_and_found_one_by_one_and_as_a_whole()
    {
        Assert.True(await AddAsync(instances: 3));

        Assert.Equal(ThreeNames, (await Store.Pipelines.ListAsync(Ct)).Select(pipeline => pipeline.Name));
        Assert.Null(await Store.Pipelines.FindAsync(Pipeline, Ct));
        var second = (await Store.Pipelines.FindAsync("users.2", Ct))!;
        Assert.Equal((Pipeline, 2, 3, 1L, Definition), (second.InstanceOf, second.Instance, second.InstanceCount, second.Version, second.Definition));
        Assert.Equal(second, await Store.Pipelines.FindWholeAsync("users.2", Ct));
        var whole = (await Store.Pipelines.FindWholeAsync(Pipeline, Ct))!;
        Assert.Equal((Pipeline, null, null, 3), (whole.Name, whole.InstanceOf, whole.Instance, whole.InstanceCount));
        Assert.Equal(ThreeNames, whole.Instances.Select(instance => instance.Name));
        Assert.Null(await Store.Pipelines.FindWholeAsync("nobody", Ct));
        foreach (var name in ThreeNames)
        {
            Assert.Equal([HistoryEvent.Created], await EventsOfAsync(name));
        }
    }

    [Fact]
    public async Task Ten_instances_are_in_the_order_of_their_numbers()
    {
        await AddAsync(instances: 10);

        Assert.Equal(Enumerable.Range(1, 10), (await Store.Pipelines.FindWholeAsync(Pipeline, Ct))!.Instances.Select(instance => instance.Instance!.Value));
    }

    [Theory]
    [InlineData("users.2", 1, "users", 3)]
    [InlineData("users", 3, "users.2", 1)]
    [InlineData("users", 3, "users", 1)]
    [InlineData("users", 1, "users", 3)]
    [InlineData("users.2", 2, "users", 3)]
    public async Task A_name_that_a_pipeline_or_an_instance_has_is_not_given_again(string first, int instances, string second, int others)
    {
        Assert.True(await AddAsync(first, instances));
        var before = await Store.Pipelines.ListAsync(Ct);

        Assert.False(await AddAsync(second, others));

        Assert.Equal(before, await Store.Pipelines.ListAsync(Ct));
    }

    [Fact]
    public async Task Of_many_who_add_it_at_once_with_and_without_instances_one_succeeds()
    {
        await using var other = await OpenStoreAsync();

        var added = await Task.WhenAll(Enumerable.Range(0, 20).Select(
            i => (i % 2 == 0 ? Store : other).Pipelines.AddAsync(Pipeline, 1 + (i % 4), Definition, "/srv", $"user {i}", Ct).AsTask()));

        Assert.Single(added, true);
        Assert.NotNull(await Store.Pipelines.FindWholeAsync(Pipeline, Ct));
    }

    [Fact]
    public async Task A_change_is_of_all_instances_or_of_none()
    {
        await AddAsync(instances: 3);
        await MoveAsync(LifecycleState.Created, LifecycleState.Running, HistoryEvent.Started, name: "users.2");

        Assert.Equal(RegistryOutcome.WrongState, await ChangeToAsync(1, 3));
        Assert.Equal(RegistryOutcome.WrongState, await Store.Pipelines.RemoveAsync(Pipeline, null, "bob", Ct));
        Assert.All(await Store.Pipelines.ListAsync(Ct), instance => Assert.Equal((1L, Definition), (instance.Version, instance.Definition)));

        Assert.Equal(RegistryOutcome.Done, await ChangeToAsync(1, 3, whileRunning: true));
        Assert.All(await Store.Pipelines.ListAsync(Ct), instance => Assert.Equal((2L, "new"), (instance.Version, instance.Definition)));
        Assert.Equal(RegistryOutcome.WrongVersion, await ChangeToAsync(1, 3, whileRunning: true));
    }

    [Fact]
    public async Task An_instance_is_neither_changed_nor_removed_by_itself()
    {
        await AddAsync(instances: 3);

        Assert.Equal(RegistryOutcome.NotFound, await Store.Pipelines.ChangeAsync("users.2", 1, 1, "new", whileRunning: false, "bob", Ct));
        Assert.Equal(RegistryOutcome.NotFound, await Store.Pipelines.RemoveAsync("users.2", null, "bob", Ct));

        Assert.Equal(3, (await Store.Pipelines.ListAsync(Ct)).Count);
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(3, 1)]
    [InlineData(2, 3)]
    [InlineData(3, 2)]
    public async Task Another_number_of_instances_keeps_those_that_stay_and_forgets_the_positions_of_those_that_go(int before, int after)
    {
        await AddAsync(instances: before);
        var names = (await Store.Pipelines.ListAsync(Ct)).Select(pipeline => pipeline.Name).ToList();
        foreach (var name in names)
        {
            await MoveAsync(LifecycleState.Created, LifecycleState.Stopped, HistoryEvent.Stopped, name: name);
            var run = (await Store.State.OpenRunAsync(name, "ann", Ct)).Checkpoint;
            await Store.State.CommitAsync(name, new StateCommit { Checkpoint = run with { Sequence = 1, SinkState = "1,000 bytes" } }, Ct);
            await Store.State.SeekAsync(name, "a", new SplitPosition(7, "{}"), "bob", Ct);
        }

        Assert.Equal(RegistryOutcome.Done, await ChangeToAsync(1, after));

        var whole = (await Store.Pipelines.FindWholeAsync(Pipeline, Ct))!;
        Assert.Equal((after, 2L, "new", "/srv/users.yaml"), (whole.Entries.Count, whole.Version, whole.Definition, whole.Path));
        Assert.All(whole.Entries, entry => Assert.Equal((after, 2L), (entry.InstanceCount, entry.Version)));
        Assert.All(whole.Entries, entry => Assert.Equal(names.Contains(entry.Name) ? LifecycleState.Stopped : LifecycleState.Created, entry.State));
        foreach (var gone in names.Except(whole.Entries.Select(entry => entry.Name)))
        {
            var left = (await Store.State.ReadAsync(gone, Ct))!.Checkpoint;
            Assert.Empty(left.Splits);
            Assert.Null(left.SinkState);
            Assert.Equal(HistoryEvent.Removed, (await EventsOfAsync(gone))[0]);
        }

        foreach (var kept in names.Intersect(whole.Entries.Select(entry => entry.Name)))
        {
            var stayed = (await Store.State.ReadAsync(kept, Ct))!.Checkpoint;
            Assert.Single(stayed.Splits);
            Assert.Equal("1,000 bytes", stayed.SinkState);
        }
    }

    [Fact]
    public async Task The_number_of_instances_is_not_changed_while_one_runs_nor_onto_the_name_of_another_pipeline()
    {
        await AddAsync(instances: 2);
        await AddAsync("users.3");
        Assert.Equal(RegistryOutcome.NameTaken, await ChangeToAsync(1, 3));
        await Store.Pipelines.RemoveAsync("users.3", null, "bob", Ct);
        await MoveAsync(LifecycleState.Created, LifecycleState.Running, HistoryEvent.Started, name: "users.1");

        Assert.Equal(RegistryOutcome.WrongState, await ChangeToAsync(1, 3, whileRunning: true));
        Assert.Equal(RegistryOutcome.WrongState, await ChangeToAsync(1, 3));

        Assert.Equal(["users.1", "users.2"], (await Store.Pipelines.ListAsync(Ct)).Select(pipeline => pipeline.Name));
        Assert.All(await Store.Pipelines.ListAsync(Ct), instance => Assert.Equal((1L, 2), (instance.Version, instance.InstanceCount)));
    }

    [Fact]
    public async Task A_pipeline_is_removed_with_all_of_its_instances()
    {
        await AddAsync(instances: 3);
        Assert.Equal(RegistryOutcome.WrongVersion, await Store.Pipelines.RemoveAsync(Pipeline, 2, "bob", Ct));

        Assert.Equal(RegistryOutcome.Done, await Store.Pipelines.RemoveAsync(Pipeline, 1, "bob", Ct));

        Assert.Empty(await Store.Pipelines.ListAsync(Ct));
        Assert.Null(await Store.Pipelines.FindWholeAsync(Pipeline, Ct));
        Assert.True(await AddAsync());
    }

    private ValueTask<RegistryOutcome> ChangeToAsync(long expectedVersion, int instances, bool whileRunning = false) =>
        Store.Pipelines.ChangeAsync(Pipeline, expectedVersion, instances, "new", whileRunning, "bob", Ct);

    private async Task<IReadOnlyList<HistoryEvent>> EventsOfAsync(string name) =>
        [.. (await Store.State.HistoryAsync(name, 100, Ct)).Select(entry => entry.Event)];
}
