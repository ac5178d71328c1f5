namespace DataFlow.IntegrationTests.Cluster;

/// <summary>
/// Three processes with their state in PostgreSQL; one is killed, asked to leave, restarted, frozen. Afterwards every record of every
/// pipeline is in its table exactly once.
/// </summary>
public sealed class NodeDeathTests(ITestOutputHelper output)
{
    private const int Pipelines = 12;

    [Fact]
    public async Task When_a_node_is_killed_its_pipelines_run_elsewhere_and_nothing_is_lost_or_doubled()
    {
        await using var cluster = await StartAsync();
        var (victim, orphans) = await cluster.BusiestAsync();
        var moment = await cluster.NowAsync();
        await cluster.KillAsync(victim);
        var failover = await cluster.AllWriteAfterAsync(await ShortlyAfterAsync(cluster, moment));
        output.WriteLine($"kill -9 of node{victim} with {orphans.Count} of {Pipelines} pipelines: all write again {failover.TotalSeconds:0.0} s later");

        cluster.Start(victim);
        await cluster.AllUpAsync(ServiceCluster.Nodes);
        await cluster.AuditAsync(victim);
    }

    [Fact]
    public async Task A_node_that_is_asked_to_end_hands_over_within_moments_and_exits_with_0()
    {
        await using var cluster = await StartAsync();
        var (leaver, moved) = await cluster.BusiestAsync();
        Assert.Equal(0, await cluster.TerminateAsync(leaver));
        await cluster.AllWriteAfterAsync(await cluster.NowAsync());
        var gaps = new List<double>();
        foreach (var name in moved)
        {
            gaps.Add((await cluster.LongestGapAsync(name)).TotalSeconds);
        }

        output.WriteLine($"SIGTERM of node{leaver}: longest gap of its {moved.Count} pipelines {gaps.Max():0.00} s, median {gaps.Order().ElementAt(gaps.Count / 2):0.00} s");
        await cluster.AuditAsync((leaver + 1) % ServiceCluster.Nodes);
    }

    [Fact]
    public async Task A_rolling_restart_of_all_nodes_loses_and_doubles_nothing()
    {
        await using var cluster = await StartAsync();
        for (var number = 0; number < ServiceCluster.Nodes; number++)
        {
            Assert.Equal(0, await cluster.TerminateAsync(number));
            cluster.Start(number);
            await cluster.AllUpAsync(ServiceCluster.Nodes);
        }

        await cluster.AllWriteAfterAsync(await cluster.NowAsync());
        await cluster.AuditAsync(0);
    }

    [Fact]
    public async Task A_frozen_node_that_wakes_up_commits_nothing_and_ends_itself()
    {
        await using var cluster = await StartAsync();
        var (zombie, orphans) = await cluster.BusiestAsync();
        var moment = await cluster.NowAsync();
        cluster.Freeze(zombie);
        var failover = await cluster.AllWriteAfterAsync(await ShortlyAfterAsync(cluster, moment));
        cluster.Thaw(zombie);
        Assert.Equal(0, await cluster.ExitAsync(zombie));
        output.WriteLine($"SIGSTOP of node{zombie} with {orphans.Count} of {Pipelines} pipelines: all write again {failover.TotalSeconds:0.0} s later");

        cluster.Start(zombie);
        await cluster.AllUpAsync(ServiceCluster.Nodes);
        await cluster.AllWriteAfterAsync(await cluster.NowAsync());
        await cluster.AuditAsync(0);
    }

    private static async Task<ServiceCluster> StartAsync()
    {
        var cluster = await ServiceCluster.StartAsync();
        await cluster.AddAsync(Pipelines, recordsPerSecond: 200);
        await cluster.AllWriteAfterAsync(await cluster.NowAsync());
        return cluster;
    }

    // Rows that were under way at the moment don't count as written afterwards.
    private static async Task<string> ShortlyAfterAsync(ServiceCluster cluster, string moment) =>
        (await cluster.Database.RowsAsync($"SELECT '{moment}'::timestamptz + interval '1 second'"))[0];
}
