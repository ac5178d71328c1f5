using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.Conformance;

/// <summary>What every store of a service promises. One class per store derives from it.</summary>
public abstract partial class ServiceStoreConformance : IAsyncLifetime
{
    protected const string Pipeline = "users";
    protected const string Definition = "name: users\nsource: { type: file, connection: 'ä.csv' }\nsink: { type: 'null' }\n";
    protected const string NodeA = "node-a/1";
    protected const string NodeB = "node-b/1";

    // Far longer than any test takes: only LetPassAsync brings the end of it.
    protected static readonly TimeSpan LeaseTime = TimeSpan.FromHours(1);

    private IServiceStore? _store;

    protected FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    protected IServiceStore Store => _store!;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await OpenStoreAsync();

    public async ValueTask DisposeAsync()
    {
        await _store!.DisposeAsync();
        await CleanUpAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task The_state_of_a_pipeline_is_kept_beside_its_registration()
    {
        await AddAsync();
        var run = await Store.State.OpenRunAsync(Pipeline, NodeA, Ct);
        var commit = new StateCommit { Checkpoint = run.Checkpoint with { Sequence = 1 } };

        Assert.Equal(CommitOutcome.Committed, await Store.State.CommitAsync(Pipeline, commit, Ct));

        Assert.Equal(1, (await Store.State.ReadAsync(Pipeline, Ct))!.Checkpoint.Sequence);
    }

    [Fact]
    public async Task All_of_it_is_there_for_another_process_and_after_a_restart()
    {
        await AddAsync();
        await MoveAsync(LifecycleState.Created, LifecycleState.Running, HistoryEvent.Started);
        await Store.Leases.ClaimAsync(Pipeline, NodeA, LeaseTime, Ct);
        await Store.Nodes.AnnounceAsync(Node("a", NodeA), LeaseTime, Ct);
        await Store.Keys.AddAsync(Key("ann", 1), Ct);

        await using var other = await OpenStoreAsync();

        Assert.Equal(NodeA, (await other.Pipelines.FindAsync(Pipeline, Ct))!.Owner);
        Assert.Single(await other.Nodes.ListAsync(Ct));
        Assert.Single(await other.Keys.ListAsync(Ct));
        Assert.False(await other.Leases.ClaimAsync(Pipeline, NodeB, LeaseTime, Ct));
    }

    /// <summary>Opens a store on the place of this test; called more than once, it opens further ones on the same place.</summary>
    protected abstract ValueTask<IServiceStore> OpenStoreAsync();

    /// <summary>Lets time pass for leases and nodes, without waiting.</summary>
    protected abstract ValueTask LetPassAsync(TimeSpan time);

    protected virtual ValueTask CleanUpAsync() => ValueTask.CompletedTask;

    protected ValueTask<bool> AddAsync(string name = Pipeline, int instances = 1) =>
        Store.Pipelines.AddAsync(name, instances, Definition, $"/srv/{name}.yaml", "ann", Ct);

    protected ValueTask<bool> MoveAsync(
        LifecycleState from, LifecycleState to, HistoryEvent happened, string? reason = null, string? holder = null,
        string name = Pipeline) =>
        Store.Pipelines.MoveAsync(name, from, to, happened, reason, "ann", holder, Ct);

    protected static ServiceNode Node(string name, string incarnation) => new(
        name, incarnation, new Uri("http://10.0.0.1:8080/"), "1.2.3", new DateTimeOffset(2026, 1, 2, 3, 0, 0, TimeSpan.Zero));

    protected static ApiKey Key(string name, byte secret, bool mayWrite = false) =>
        new(name, HashOf(secret), mayWrite, new DateTimeOffset(2026, 1, 2, 3, 0, 0, TimeSpan.Zero));

    protected static byte[] HashOf(byte secret) => System.Security.Cryptography.SHA256.HashData([secret]);
}
