namespace DataFlow.Conformance;

/// <content>Nodes and keys.</content>
public abstract partial class ServiceStoreConformance
{
    [Fact]
    public async Task Nodes_that_were_heard_of_are_listed_by_name()
    {
        Assert.Null(await Store.Nodes.AnnounceAsync(Node("b", NodeB), LeaseTime, Ct));
        Assert.Null(await Store.Nodes.AnnounceAsync(Node("a", NodeA), LeaseTime, Ct));
        Assert.Null(await Store.Nodes.AnnounceAsync(Node("a", NodeA), LeaseTime, Ct));

        Assert.Equal([Node("a", NodeA), Node("b", NodeB)], await Store.Nodes.ListAsync(Ct));
    }

    [Fact]
    public async Task A_node_with_the_name_of_another_that_is_there_is_told_which()
    {
        await Store.Nodes.AnnounceAsync(Node("a", "a/1"), LeaseTime, Ct);

        Assert.Equal("a/1", await Store.Nodes.AnnounceAsync(Node("a", "a/2"), LeaseTime, Ct));
        Assert.Equal("a/1", Assert.Single(await Store.Nodes.ListAsync(Ct)).Incarnation);

        // The refused one did not prolong the other's time.
        await LetPassAsync(LeaseTime);
        Assert.Null(await Store.Nodes.AnnounceAsync(Node("a", "a/2"), LeaseTime, Ct));
        Assert.Equal("a/2", await Store.Nodes.AnnounceAsync(Node("a", "a/1"), LeaseTime, Ct));
    }

    [Fact]
    public async Task Of_two_nodes_that_start_with_the_same_name_at_once_one_gets_it_and_the_other_is_told()
    {
        await using var other = await OpenStoreAsync();

        var answers = await Task.WhenAll(
            Store.Nodes.AnnounceAsync(Node("a", "a/1"), LeaseTime, Ct).AsTask(),
            other.Nodes.AnnounceAsync(Node("a", "a/2"), LeaseTime, Ct).AsTask());

        var winner = Assert.Single(await Store.Nodes.ListAsync(Ct)).Incarnation;
        Assert.Equal(winner == "a/1" ? [null, "a/1"] : ["a/2", null], answers);
    }

    [Fact]
    public async Task A_node_that_is_not_heard_of_any_more_or_has_left_is_not_listed()
    {
        await Store.Nodes.AnnounceAsync(Node("a", NodeA), LeaseTime, Ct);
        await Store.Nodes.AnnounceAsync(Node("b", NodeB), LeaseTime * 2, Ct);
        await Store.Nodes.AnnounceAsync(Node("c", "c/1"), LeaseTime * 2, Ct);

        await LetPassAsync(LeaseTime);
        await Store.Nodes.LeaveAsync("c/1", Ct);
        await Store.Nodes.LeaveAsync("b/0", Ct);

        Assert.Equal([NodeB], (await Store.Nodes.ListAsync(Ct)).Select(node => node.Incarnation));
    }

    [Fact]
    public async Task A_key_is_found_by_the_hash_of_its_secret()
    {
        Assert.True(await Store.Keys.AddAsync(Key("dashboards", 1), Ct));
        Assert.True(await Store.Keys.AddAsync(Key("ann", 2, mayWrite: true), Ct));

        var found = (await Store.Keys.FindAsync(HashOf(2), Ct))!;

        Assert.Equal(("ann", true, Key("ann", 2).Created), (found.Name, found.MayWrite, found.Created));
        Assert.Equal(HashOf(2), found.Hash.ToArray());
        Assert.False((await Store.Keys.FindAsync(HashOf(1), Ct))!.MayWrite);
        Assert.Null(await Store.Keys.FindAsync(HashOf(3), Ct));
        Assert.Equal(["ann", "dashboards"], (await Store.Keys.ListAsync(Ct)).Select(key => key.Name));
    }

    [Fact]
    public async Task A_name_is_given_to_one_key_until_that_is_removed()
    {
        await Store.Keys.AddAsync(Key("ann", 1), Ct);

        Assert.False(await Store.Keys.AddAsync(Key("ann", 2), Ct));
        Assert.Null(await Store.Keys.FindAsync(HashOf(2), Ct));

        Assert.True(await Store.Keys.RemoveAsync("ann", Ct));
        Assert.False(await Store.Keys.RemoveAsync("ann", Ct));
        Assert.Null(await Store.Keys.FindAsync(HashOf(1), Ct));
        Assert.True(await Store.Keys.AddAsync(Key("ann", 2), Ct));
    }
}
