using DataFlow.Conformance;
using DataFlow.Engine.State;

namespace DataFlow.UnitTests.State;

public sealed class FaultyStoreTests : StateStoreConformance
{
    private FaultyStore Faulty => (FaultyStore)Store;

    [Fact]
    public async Task A_commit_whose_reply_was_lost_is_recognised_when_it_is_sent_again()
    {
        var next = Next((await Faulty.OpenRunAsync(Pipeline, Owner, Ct)).Checkpoint, ("a", 1));
        Faulty.Faults.Next(FaultStep.StoreCommit, Fault.ReplyLost);

        await Assert.ThrowsAsync<ConnectorException>(async () => await CommitAsync(next));

        Assert.Equal(CommitOutcome.AlreadyCommitted, await CommitAsync(next));
        Assert.Equal(1, Faulty.Commits);
    }

    [Fact]
    public async Task A_commit_that_was_lost_is_stored_when_it_is_sent_again()
    {
        var next = Next((await Faulty.OpenRunAsync(Pipeline, Owner, Ct)).Checkpoint, ("a", 1));
        Faulty.Faults.Next(FaultStep.StoreCommit, Fault.Throw, Fault.None);

        await Assert.ThrowsAsync<ConnectorException>(async () => await CommitAsync(next));

        Assert.Equal(CommitOutcome.Committed, await CommitAsync(next));
    }

    [Fact]
    public async Task A_commit_can_be_fenced()
    {
        var next = Next((await Faulty.OpenRunAsync(Pipeline, Owner, Ct)).Checkpoint, ("a", 1));
        Faulty.Faults.Next(FaultStep.StoreCommit, Fault.Fenced);

        Assert.Equal(CommitOutcome.Fenced, await CommitAsync(next));
    }

    [Fact]
    public async Task A_commit_that_hangs_at_a_crash_was_never_made()
    {
        var run = await Faulty.OpenRunAsync(Pipeline, Owner, Ct);
        var first = Next(run.Checkpoint, ("a", 1));
        await CommitAsync(first);
        Faulty.Faults.Next(FaultStep.StoreCommit, Fault.Hang);
        var hanging = CommitAsync(Next(first, ("a", 2))).AsTask();

        await using var after = Faulty.Crash();

        await Assert.ThrowsAsync<SimulatedCrashException>(() => hanging);
        Assert.Equal([("a", 1)], OffsetsOf((await after.ReadAsync(Pipeline, Ct))!));
        await Assert.ThrowsAsync<SimulatedCrashException>(async () => await Faulty.ReadAsync(Pipeline, Ct));
    }

    [Fact]
    public async Task A_commit_that_hangs_goes_through_when_it_is_let_go()
    {
        var run = await Faulty.OpenRunAsync(Pipeline, Owner, Ct);
        var letGo = Faulty.Faults.Next(FaultStep.StoreCommit, Fault.Hang);
        var hanging = CommitAsync(Next(run.Checkpoint, ("a", 1))).AsTask();

        Faulty.Faults.LetGo();

        Assert.Equal(CommitOutcome.Committed, await hanging);
    }

    protected override ValueTask<IStateStore> CreateStoreAsync() => new(new FaultyStore(new InMemoryStateStore(Time)));
}
