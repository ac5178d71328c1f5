using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;

namespace DataFlow.Conformance;

/// <content>Leases.</content>
public abstract partial class ServiceStoreConformance
{
    [Fact]
    public async Task A_lease_is_held_by_one_owner_who_may_claim_it_again()
    {
        Assert.True(await ClaimAsync(NodeA));
        Assert.False(await ClaimAsync(NodeB));
        Assert.True(await ClaimAsync(NodeA));
        Assert.True(await Store.Leases.ClaimAsync("orders", NodeB, LeaseTime, Ct));
    }

    [Fact]
    public async Task A_lease_ends_with_its_time_and_a_claim_of_its_owner_prolongs_it()
    {
        await ClaimAsync(NodeA);
        await LetPassAsync(LeaseTime / 2);
        await ClaimAsync(NodeA);
        await LetPassAsync(LeaseTime / 2);
        Assert.False(await ClaimAsync(NodeB));

        await LetPassAsync(LeaseTime / 2);

        Assert.True(await ClaimAsync(NodeB));
        Assert.False(await ClaimAsync(NodeA));
    }

    [Fact]
    public async Task A_lease_that_is_given_back_is_free_and_one_of_somebody_else_stays()
    {
        await ClaimAsync(NodeA);

        await Store.Leases.ReleaseAsync(Pipeline, NodeB, Ct);
        Assert.False(await ClaimAsync(NodeB));

        await Store.Leases.ReleaseAsync(Pipeline, NodeA, Ct);
        await Store.Leases.ReleaseAsync(Pipeline, NodeA, Ct);
        Assert.True(await ClaimAsync(NodeB));
    }

    [Fact]
    public async Task Of_two_owners_who_race_for_many_leases_each_lease_has_exactly_one_winner()
    {
        await using var other = await OpenStoreAsync();
        string[] names = [.. Enumerable.Range(0, 20).Select(i => $"p{i}")];

        var claims = await Task.WhenAll(names.SelectMany(name => new[]
        {
            Store.Leases.ClaimAsync(name, NodeA, LeaseTime, Ct).AsTask(),
            other.Leases.ClaimAsync(name, NodeB, LeaseTime, Ct).AsTask(),
        }));

        Assert.All(claims.Chunk(2), pair => Assert.Single(pair, true));
    }

    [Fact]
    public async Task Of_two_owners_who_race_for_a_lease_that_has_ended_one_wins()
    {
        await using var other = await OpenStoreAsync();
        await Store.Leases.ClaimAsync(Pipeline, "node-c/1", LeaseTime, Ct);
        await LetPassAsync(LeaseTime);

        var claims = await Task.WhenAll(Enumerable.Range(0, 20).Select(
            i => (i % 2 == 0 ? Store : other).Leases.ClaimAsync(Pipeline, $"node-{i}/1", LeaseTime, Ct).AsTask()));

        Assert.Single(claims, true);
    }

    [Fact]
    public async Task Renewing_prolongs_what_the_owner_holds_and_names_what_still_must_run()
    {
        foreach (var name in (string[])["runs", "stopped", "stolen", "of-another", "given-up"])
        {
            await AddAsync(name);
            await MoveAsync(LifecycleState.Created, LifecycleState.Running, HistoryEvent.Started, name: name);
            await Store.Leases.ClaimAsync(name, name == "of-another" ? NodeB : NodeA, LeaseTime, Ct);
        }

        await Store.Leases.ClaimAsync("never-added", NodeA, LeaseTime, Ct);
        await LetPassAsync(LeaseTime);
        await Store.Leases.ClaimAsync("stolen", NodeB, LeaseTime, Ct);
        await Store.Leases.ClaimAsync("of-another", NodeB, LeaseTime, Ct);
        await MoveAsync(LifecycleState.Running, LifecycleState.Stopped, HistoryEvent.Stopped, name: "stopped");

        string[] kept = ["runs", "stopped", "stolen", "of-another", "never-added"];
        Assert.Equal([KeyValuePair.Create("runs", 1L)], await Store.Leases.RenewAsync(NodeA, kept, LeaseTime, Ct));
        Assert.Empty(await Store.Leases.RenewAsync("node-c/1", ["runs"], LeaseTime, Ct));

        // It still drains what was stopped: nobody else may begin with it before.
        Assert.False(await Store.Leases.ClaimAsync("stopped", NodeB, LeaseTime, Ct));
        Assert.False(await Store.Leases.ClaimAsync("runs", NodeB, LeaseTime, Ct));
        Assert.True(await Store.Leases.ClaimAsync("given-up", NodeB, LeaseTime, Ct));
    }

    [Fact]
    public async Task Renewing_tells_the_version_of_the_definition_that_whoever_runs_it_should_run()
    {
        await AddAsync();
        await MoveAsync(LifecycleState.Created, LifecycleState.Running, HistoryEvent.Started);
        await Store.Leases.ClaimAsync(Pipeline, NodeA, LeaseTime, Ct);
        await Store.Pipelines.ChangeAsync(Pipeline, 1, 1, "new", whileRunning: true, "bob", Ct);

        Assert.Equal(2, (await Store.Leases.RenewAsync(NodeA, [Pipeline], LeaseTime, Ct))[Pipeline]);
    }

    [Fact]
    public async Task Orphans_are_what_must_run_and_nobody_holds()
    {
        foreach (var name in (string[])["held", "created", "b-lost", "a-new"])
        {
            await AddAsync(name);
            if (name != "created")
            {
                await MoveAsync(LifecycleState.Created, LifecycleState.Running, HistoryEvent.Started, name: name);
            }
        }

        await Store.Leases.ClaimAsync("b-lost", NodeA, LeaseTime, Ct);
        await LetPassAsync(LeaseTime);
        await Store.Leases.ClaimAsync("held", NodeA, LeaseTime, Ct);

        Assert.Equal(["a-new", "b-lost"], await Store.Leases.OrphansAsync(Ct));

        await Store.Leases.ReleaseAsync("held", NodeA, Ct);
        await MoveAsync(LifecycleState.Running, LifecycleState.Paused, HistoryEvent.Paused, name: "a-new");
        Assert.Equal(["b-lost", "held"], await Store.Leases.OrphansAsync(Ct));
    }

    private ValueTask<bool> ClaimAsync(string owner) => Store.Leases.ClaimAsync(Pipeline, owner, LeaseTime, Ct);
}
