using System.Net;
using DataFlow.Conformance;

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

    [Fact]
    public async Task While_the_state_database_is_away_the_service_stays_up_and_the_pipelines_come_back_with_it()
    {
        await using var cluster = await StartAsync();
        cluster.StateLink.Refuse();
        cluster.StateLink.Cut();
        for (var number = 0; number < ServiceCluster.Nodes; number++)
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await cluster.StatusOfAsync(number, "pipelines"));
        }

        // Longer than a lease: nobody may take what nobody can give.
        await Task.Delay(TimeSpan.FromSeconds(12), TimeProvider.System);
        cluster.StateLink.Refuse(false);
        await cluster.AllWriteAfterAsync(await cluster.NowAsync());
        await cluster.AllUpAsync(ServiceCluster.Nodes);
        await cluster.AuditAsync(0);
    }

    [Fact]
    public async Task A_founder_that_is_started_alone_runs_nothing_until_a_majority_is_there()
    {
        await using var cluster = await StartAsync();
        for (var number = 0; number < ServiceCluster.Nodes; number++)
        {
            await cluster.KillAsync(number);
        }

        var moment = await ShortlyAfterAsync(cluster, await cluster.NowAsync());
        cluster.Start(0);
        await Eventually.IsAsync(async () =>
        {
            var log = cluster.LogOf(0);
            await Task.Yield();
            return (log.Contains("Joining", StringComparison.Ordinal), log);
        });
        await Task.Delay(TimeSpan.FromSeconds(12), TimeProvider.System);
        foreach (var name in cluster.Pipelines)
        {
            Assert.Empty(await cluster.Database.RowsAsync($"SELECT 1 FROM {name} WHERE at > '{moment}' LIMIT 1"));
        }

        cluster.Start(1);
        cluster.Start(2);
        await cluster.AllUpAsync(ServiceCluster.Nodes);
        await cluster.AllWriteAfterAsync(await cluster.NowAsync());
        await cluster.AuditAsync(2);
    }

    [Fact]
    public async Task A_second_node_of_the_same_name_is_refused()
    {
        await using var cluster = await ServiceCluster.StartAsync();
        var twin = await cluster.RunTwinAsync(1);
        Assert.NotEqual(0, twin.ExitCode);
        Assert.Contains("There is a node called 'node1' already, and it is alive", twin.Error, StringComparison.Ordinal);
    }

    private static async Task<ServiceCluster> StartAsync()
    {
        var cluster = await ServiceCluster.StartAsync();
        try
        {
            await cluster.AddAsync(Pipelines, recordsPerSecond: 200);
            await cluster.AllWriteAfterAsync(await cluster.NowAsync());
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    // Rows that were under way at the moment don't count as written afterwards.
    private static async Task<string> ShortlyAfterAsync(ServiceCluster cluster, string moment) =>
        (await cluster.Database.RowsAsync($"SELECT '{moment}'::timestamptz + interval '1 second'"))[0];
}
