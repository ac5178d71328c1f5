using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;

namespace DataFlow.Conformance;

/// <content>Several stores on one place.</content>
public abstract partial class ServiceStoreConformance
{
    [Fact]
    public async Task Two_stores_on_the_same_place_fence_each_other()
    {
        await using var other = await OpenStoreAsync();
        var mine = await Store.State.OpenRunAsync(Pipeline, NodeA, Ct);
        var theirs = await other.State.OpenRunAsync(Pipeline, NodeB, Ct);

        Assert.Equal(2, theirs.Checkpoint.Epoch);
        Assert.Equal(CommitOutcome.Fenced, await CommitNextAsync(Store, mine.Checkpoint));
        Assert.Equal(CommitOutcome.Committed, await CommitNextAsync(other, theirs.Checkpoint));
        var stored = (await Store.State.ReadAsync(Pipeline, Ct))!.Checkpoint;
        Assert.Equal((2, 1), (stored.Epoch, stored.Sequence));
    }

    [Fact]
    public async Task Every_commit_of_a_run_that_was_taken_over_is_refused_while_the_new_one_goes_on()
    {
        await using var other = await OpenStoreAsync();
        var zombie = (await Store.State.OpenRunAsync(Pipeline, NodeA, Ct)).Checkpoint;
        zombie = zombie with { Sequence = 1, Counters = new RecordCounters { Delivered = 1 } };
        await Store.State.CommitAsync(Pipeline, new StateCommit { Checkpoint = zombie }, Ct);
        var current = (await other.State.OpenRunAsync(Pipeline, NodeB, Ct)).Checkpoint;
        Assert.Equal(1, current.Counters.Delivered);

        var stale = Task.WhenAll(Enumerable.Range(2, 100).Select(
            sequence => Store.State.CommitAsync(Pipeline, new StateCommit { Checkpoint = zombie with { Sequence = sequence } }, Ct).AsTask()));
        for (var i = 0; i < 20; i++)
        {
            current = current with { Sequence = current.Sequence + 1, Counters = current.Counters + new RecordCounters { Delivered = 1 } };
            Assert.Equal(CommitOutcome.Committed, await other.State.CommitAsync(Pipeline, new StateCommit { Checkpoint = current }, Ct));
        }

        Assert.All(await stale, outcome => Assert.Equal(CommitOutcome.Fenced, outcome));
        Assert.Equal(21, (await Store.State.ReadAsync(Pipeline, Ct))!.Checkpoint.Counters.Delivered);
    }

    [Fact]
    public async Task Two_stores_that_take_over_from_each_other_at_random_never_lose_a_commit()
    {
        await using var other = await OpenStoreAsync();
        var results = await Task.WhenAll(CommitSomeAsync(Store.State), CommitSomeAsync(other.State));

        var state = (await Store.State.ReadAsync(Pipeline, Ct))!;
        Assert.Equal(results.Sum(), state.Checkpoint.Sequence);
        Assert.Equal(results.Sum(), state.Checkpoint.Counters.Delivered);

        async Task<int> CommitSomeAsync(IStateStore store)
        {
            var committed = 0;
            for (var round = 0; round < 15; round++)
            {
                var checkpoint = (await store.OpenRunAsync(Pipeline, NodeA, Ct)).Checkpoint;
                for (var i = 0; i < 3; i++)
                {
                    checkpoint = checkpoint with { Sequence = checkpoint.Sequence + 1, Counters = checkpoint.Counters + new RecordCounters { Delivered = 1 } };
                    if (await store.CommitAsync(Pipeline, new StateCommit { Checkpoint = checkpoint }, Ct) == CommitOutcome.Fenced)
                    {
                        break;
                    }

                    committed++;
                }
            }

            return committed;
        }
    }

    private static ValueTask<CommitOutcome> CommitNextAsync(IServiceStore store, Checkpoint checkpoint) => store.State.CommitAsync(
        Pipeline, new StateCommit { Checkpoint = checkpoint with { Sequence = checkpoint.Sequence + 1 } }, Ct);
}
