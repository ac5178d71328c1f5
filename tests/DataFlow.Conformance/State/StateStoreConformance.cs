using DataFlow.Engine.State;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.Conformance;

/// <summary>What every state store promises. One class per store derives from it.</summary>
public abstract partial class StateStoreConformance : IAsyncLifetime
{
    protected const string Pipeline = "users";
    protected const string Owner = "process 1 on host a";

    private IStateStore? _store;

    protected FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    protected IStateStore Store => _store!;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await CreateStoreAsync();

    public async ValueTask DisposeAsync()
    {
        await _store!.DisposeAsync();
        await CleanUpAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_new_pipeline_starts_with_an_empty_checkpoint_of_epoch_1()
    {
        var state = await Store.OpenRunAsync(Pipeline, Owner, Ct);

        Assert.Equal((1, 1, 0), StampOf(state));
        Assert.Empty(state.Checkpoint.Splits);
        Assert.Equal(default, state.Checkpoint.Counters);
        Assert.Null(state.Checkpoint.SinkState);
        Assert.Null(state.SourceFingerprint);
        Assert.Equal(Owner, state.Owner);
        Assert.Equal(Time.GetUtcNow(), state.Updated);
    }

    [Fact]
    public async Task What_was_committed_is_there_at_the_next_run()
    {
        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);
        var counters = new RecordCounters
        {
            Read = 10,
            Delivered = 4,
            Filtered = 3,
            DeadLettered = 2,
            Dropped = 1,
            Deduplicated = 5,
            Bytes = 1234,
        };
        var checkpoint = Next(run.Checkpoint, ("a.csv", 7), ("b.csv", 3)) with { Counters = counters, SinkState = """{"length":99}""" };

        var outcome = await Store.CommitAsync(
            Pipeline, new StateCommit { Checkpoint = checkpoint, SourceFingerprint = """{"path":"*.csv"}""" }, Ct);
        var next = await Store.OpenRunAsync(Pipeline, "process 2 on host b", Ct);

        Assert.Equal(CommitOutcome.Committed, outcome);
        Assert.Equal((1, 2, 1), StampOf(next));
        Assert.Equal(checkpoint.Splits, next.Checkpoint.Splits);
        Assert.Equal(counters, next.Checkpoint.Counters);
        Assert.Equal("""{"length":99}""", next.Checkpoint.SinkState);
        Assert.Equal("""{"path":"*.csv"}""", next.SourceFingerprint);
        Assert.Equal("process 2 on host b", next.Owner);
    }

    [Fact]
    public async Task A_commit_changes_only_the_splits_that_it_names()
    {
        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);
        var first = Next(run.Checkpoint, ("a", 1), ("b", 1));
        await CommitAsync(first);
        await CommitAsync(Next(first, ("b", 2), ("c", 1)));

        var state = await Store.ReadAsync(Pipeline, Ct);

        Assert.Equal([("a", 1), ("b", 2), ("c", 1)], OffsetsOf(state!));
    }

    [Fact]
    public async Task A_commit_takes_out_the_splits_that_are_no_more()
    {
        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);
        var first = Next(run.Checkpoint, ("a", 1), ("b", 1), ("c", 1));
        await CommitAsync(first);
        await CommitAsync(Next(first, ("d", 1)) with { Gone = ["a", "c", "unknown"] });

        var state = await Store.ReadAsync(Pipeline, Ct);

        Assert.Equal([("b", 1), ("d", 1)], OffsetsOf(state!));
        Assert.Empty(state!.Checkpoint.Gone);
    }

    [Fact]
    public async Task A_commit_that_is_fenced_takes_no_split_out()
    {
        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);
        var first = Next(run.Checkpoint, ("a", 1));
        await CommitAsync(first);
        await Store.OpenRunAsync(Pipeline, Owner, Ct);

        var late = await Store.CommitAsync(Pipeline, new StateCommit { Checkpoint = Next(first) with { Gone = ["a"] } }, Ct);

        Assert.Equal(CommitOutcome.Fenced, late);
        Assert.Equal([("a", 1)], OffsetsOf((await Store.ReadAsync(Pipeline, Ct))!));
    }

    [Fact]
    public async Task A_commit_without_sink_state_clears_it_and_one_without_fingerprint_keeps_it()
    {
        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);
        var first = Next(run.Checkpoint) with { SinkState = "x" };
        await Store.CommitAsync(Pipeline, new StateCommit { Checkpoint = first, SourceFingerprint = "f" }, Ct);
        await CommitAsync(Next(first) with { SinkState = null });

        var state = await Store.ReadAsync(Pipeline, Ct);

        Assert.Null(state!.Checkpoint.SinkState);
        Assert.Equal("f", state.SourceFingerprint);
    }

    [Fact]
    public async Task A_commit_that_is_sent_again_is_recognised_and_changes_nothing()
    {
        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);
        var checkpoint = Next(run.Checkpoint, ("a", 1));
        await CommitAsync(checkpoint);

        Assert.Equal(CommitOutcome.AlreadyCommitted, await CommitAsync(checkpoint));
        Assert.Equal((1, 1, 1), StampOf((await Store.ReadAsync(Pipeline, Ct))!));
    }

    [Fact]
    public async Task A_run_that_was_taken_over_is_fenced_and_changes_nothing()
    {
        var old = await Store.OpenRunAsync(Pipeline, Owner, Ct);
        var young = await Store.OpenRunAsync(Pipeline, Owner, Ct);

        Assert.Equal(CommitOutcome.Fenced, await CommitAsync(Next(old.Checkpoint, ("a", 666))));
        Assert.Equal(CommitOutcome.Committed, await CommitAsync(Next(young.Checkpoint, ("a", 1))));
        Assert.Equal(CommitOutcome.Fenced, await CommitAsync(Next(old.Checkpoint, ("a", 666))));
        Assert.Equal([("a", 1)], OffsetsOf((await Store.ReadAsync(Pipeline, Ct))!));
    }

    [Fact]
    public async Task A_commit_of_a_pipeline_that_nobody_opened_is_fenced() =>
        Assert.Equal(CommitOutcome.Fenced, await CommitAsync(Next(Checkpoint.None, ("a", 1))));

    [Fact]
    public async Task A_commit_that_leaves_one_out_is_a_bug_that_says_so()
    {
        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);

        var error = await Assert.ThrowsAsync<ConnectorException>(
            async () => await CommitAsync(Next(run.Checkpoint) with { Sequence = 2 }));

        Assert.Equal(FaultOwner.Internal, error.Owner);
        Assert.StartsWith("Commit 2 of pipeline 'users' doesn't follow the stored one.", error.Message);
        Assert.Equal((1, 1, 0), StampOf((await Store.ReadAsync(Pipeline, Ct))!));
    }

    [Fact]
    public async Task Commits_of_many_pipelines_at_once_all_stand()
    {
        var checkpoints = new Dictionary<string, Checkpoint>();
        for (var i = 0; i < 20; i++)
        {
            checkpoints[$"p{i}"] = (await Store.OpenRunAsync($"p{i}", Owner, Ct)).Checkpoint;
        }

        for (var round = 1; round <= 5; round++)
        {
            var outcomes = await Task.WhenAll(checkpoints.Keys.Select(async name =>
            {
                checkpoints[name] = Next(checkpoints[name], ("s", round));
                return await Store.CommitAsync(name, new StateCommit { Checkpoint = checkpoints[name] }, Ct);
            }).ToArray());
            Assert.All(outcomes, outcome => Assert.Equal(CommitOutcome.Committed, outcome));
        }

        Assert.All(await Store.ListAsync(Ct), state => Assert.Equal((1, 1, 5), StampOf(state)));
    }

    [Fact]
    public async Task One_fenced_commit_among_many_does_not_touch_the_others()
    {
        var stale = (await Store.OpenRunAsync("p0", Owner, Ct)).Checkpoint;
        Checkpoint[] fresh = [.. await Task.WhenAll(Enumerable.Range(0, 10)
            .Select(async i => (await Store.OpenRunAsync($"p{i}", Owner, Ct)).Checkpoint))];

        var outcomes = await Task.WhenAll(
            fresh.Select((checkpoint, i) => Store
                .CommitAsync($"p{i}", new StateCommit { Checkpoint = Next(i == 0 ? stale : checkpoint, ("s", 1)) }, Ct).AsTask()));

        Assert.Equal(CommitOutcome.Fenced, outcomes[0]);
        Assert.All(outcomes[1..], outcome => Assert.Equal(CommitOutcome.Committed, outcome));
    }

    [Fact]
    public async Task The_checkpoint_of_a_sink_that_is_ahead_is_adopted_as_a_whole()
    {
        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);
        await CommitAsync(Next(run.Checkpoint, ("a", 1), ("gone", 1)));
        var authority = Next(Next(run.Checkpoint, ("a", 5), ("b", 2))) with { Splits = Splits(("a", 5), ("b", 2)), Epoch = 77 };

        Assert.True(await Store.AdoptAsync(Pipeline, run.Checkpoint.Epoch, authority, Ct));

        var state = await Store.ReadAsync(Pipeline, Ct);
        Assert.Equal((1, 1, 2), StampOf(state!));
        Assert.Equal([("a", 5), ("b", 2)], OffsetsOf(state!));
        Assert.Equal(CommitOutcome.Committed, await CommitAsync(Next(state!.Checkpoint, ("a", 6))));
    }

    [Fact]
    public async Task A_higher_generation_of_the_sink_wins_and_a_lower_one_loses()
    {
        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);
        await CommitAsync(Next(run.Checkpoint, ("a", 1)));
        await Store.ResetAsync(Pipeline, Owner, clearDeadLetters: false, Ct);

        Assert.False(await Store.AdoptAsync(Pipeline, 1, Next(run.Checkpoint, ("a", 9)) with { Sequence = 100 }, Ct));
        Assert.True(await Store.AdoptAsync(Pipeline, 1, Next(run.Checkpoint, ("a", 9)) with { Generation = 3 }, Ct));
        Assert.Equal((3, 1, 1), StampOf((await Store.ReadAsync(Pipeline, Ct))!));
    }

    [Fact]
    public async Task A_sink_that_is_behind_in_the_same_generation_wins_as_well_and_the_same_commit_changes_nothing()
    {
        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);
        var first = Next(run.Checkpoint, ("a", 1));
        await CommitAsync(first);
        await CommitAsync(Next(first, ("a", 2), ("b", 1)));

        Assert.False(await Store.AdoptAsync(Pipeline, 1, Next(first, ("a", 2)), Ct));
        Assert.True(await Store.AdoptAsync(Pipeline, 1, first, Ct));

        var state = await Store.ReadAsync(Pipeline, Ct);
        Assert.Equal((1, 1, 1), StampOf(state!));
        Assert.Equal([("a", 1)], OffsetsOf(state!));
    }

    [Fact]
    public async Task Only_the_current_run_can_raise_its_epoch_and_it_commits_under_it_from_then_on()
    {
        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);

        Assert.False(await Store.RaiseEpochAsync(Pipeline, 7, 58, Ct));
        Assert.False(await Store.RaiseEpochAsync("unknown", 0, 58, Ct));
        Assert.True(await Store.RaiseEpochAsync(Pipeline, 1, 58, Ct));

        Assert.Equal(CommitOutcome.Fenced, await CommitAsync(Next(run.Checkpoint, ("a", 1))));
        Assert.Equal(CommitOutcome.Committed, await CommitAsync(Next(run.Checkpoint, ("a", 1)) with { Epoch = 58 }));
    }

    [Fact]
    public async Task An_old_run_adopts_nothing()
    {
        var old = await Store.OpenRunAsync(Pipeline, Owner, Ct);
        await Store.OpenRunAsync(Pipeline, Owner, Ct);

        Assert.False(await Store.AdoptAsync(Pipeline, old.Checkpoint.Epoch, Next(old.Checkpoint, ("a", 9)), Ct));
        Assert.Equal((1, 2, 0), StampOf((await Store.ReadAsync(Pipeline, Ct))!));
    }

    [Fact]
    public async Task A_reset_starts_a_new_generation_from_nothing_and_fences_who_still_runs()
    {
        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);
        var checkpoint = Next(run.Checkpoint, ("a", 1)) with { SinkState = "x", Counters = new RecordCounters { Read = 1, Delivered = 1 } };
        await Store.CommitAsync(Pipeline, new StateCommit { Checkpoint = checkpoint, SourceFingerprint = "f" }, Ct);

        Assert.True(await Store.ResetAsync(Pipeline, "ann", clearDeadLetters: false, Ct));

        Assert.Equal(CommitOutcome.Fenced, await CommitAsync(Next(checkpoint, ("a", 2))));
        var state = (await Store.ReadAsync(Pipeline, Ct))!;
        Assert.Equal((2, 1, 0), StampOf(state));
        Assert.Empty(state.Checkpoint.Splits);
        Assert.Equal(default, state.Checkpoint.Counters);
        Assert.Equal("x", state.Checkpoint.SinkState);
        Assert.Null(state.SourceFingerprint);
    }

    [Fact]
    public async Task A_reset_of_an_unknown_pipeline_does_nothing()
    {
        Assert.False(await Store.ResetAsync("nobody", Owner, clearDeadLetters: true, Ct));
        Assert.Null(await Store.ReadAsync("nobody", Ct));
        Assert.Empty(await Store.ListAsync(Ct));
    }

    [Fact]
    public async Task A_seek_moves_one_split_keeps_the_rest_and_fences_who_still_runs()
    {
        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);
        var counters = new RecordCounters { Read = 3, Delivered = 3 };
        var checkpoint = Next(run.Checkpoint, ("a", 1), ("b", 2)) with { SinkState = "x", Counters = counters };
        await CommitAsync(checkpoint);

        await Store.SeekAsync(Pipeline, "a", new SplitPosition(100, ""), "ann", Ct);

        Assert.Equal(CommitOutcome.Fenced, await CommitAsync(Next(checkpoint, ("a", 2))));
        var state = (await Store.ReadAsync(Pipeline, Ct))!;
        Assert.Equal((2, 1, 0), StampOf(state));
        Assert.Equal([("a", 100), ("b", 2)], OffsetsOf(state));
        Assert.Equal("", state.Checkpoint.Splits["a"].Json);
        Assert.Equal("x", state.Checkpoint.SinkState);
        Assert.Equal(checkpoint.Counters, state.Checkpoint.Counters);
    }

    [Fact]
    public async Task A_pipeline_that_was_never_run_can_be_moved()
    {
        await Store.SeekAsync(Pipeline, "a", new SplitPosition(5, ""), "ann", Ct);

        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);

        Assert.Equal((2, 1, 0), StampOf(run));
        Assert.Equal([("a", 5)], OffsetsOf(run));
    }

    [Fact]
    public async Task Reading_what_is_not_there_gives_null_and_makes_nothing()
    {
        Assert.Null(await Store.ReadAsync(Pipeline, Ct));
        Assert.Empty(await Store.HistoryAsync(Pipeline, 10, Ct));
        Assert.Empty(await Store.ListAsync(Ct));
    }

    [Fact]
    public async Task Pipelines_are_listed_by_name_without_their_splits()
    {
        foreach (var name in (string[])["b", "a", "ä"])
        {
            var run = await Store.OpenRunAsync(name, Owner, Ct);
            await Store.CommitAsync(name, new StateCommit { Checkpoint = Next(run.Checkpoint, ("s", 1)) }, Ct);
        }

        var list = await Store.ListAsync(Ct);

        Assert.Equal(["a", "b", "ä"], list.Select(state => state.Pipeline));
        Assert.All(list, state => Assert.Empty(state.Checkpoint.Splits));
        Assert.All(list, state => Assert.Equal(1, state.Checkpoint.Sequence));
    }

    [Fact]
    public async Task The_history_tells_each_start_end_reset_seek_and_replay_newest_first()
    {
        await Store.OpenRunAsync(Pipeline, Owner, Ct);
        Time.Advance(TimeSpan.FromMinutes(1));
        await Store.AddHistoryAsync(Pipeline, HistoryEvent.RunFailed, Owner, "disk full", Ct);
        await Store.ResetAsync(Pipeline, "ann", clearDeadLetters: true, Ct);
        await Store.SeekAsync(Pipeline, "a.csv", new SplitPosition(5, ""), "bob", Ct);
        await Store.AddHistoryAsync(Pipeline, HistoryEvent.Replay, "cid", "3 records", Ct);
        await Store.OpenRunAsync("other", Owner, Ct);

        var history = await Store.HistoryAsync(Pipeline, 10, Ct);

        var now = Time.GetUtcNow();
        Assert.Equal(
            [
                new HistoryEntry(now, HistoryEvent.Replay, "cid", "3 records", 3, 1),
                new HistoryEntry(now, HistoryEvent.Seek, "bob", "a.csv to 5", 3, 1),
                new HistoryEntry(now, HistoryEvent.Reset, "ann", "with dead letters", 2, 1),
                new HistoryEntry(now, HistoryEvent.RunFailed, Owner, "disk full", 1, 1),
                new HistoryEntry(now.AddMinutes(-1), HistoryEvent.RunStarted, Owner, null, 1, 1),
            ],
            history.Select(entry => entry with { Number = 0 }));
        Assert.Equal(history.Select(entry => entry.Number).OrderDescending().Distinct(), history.Select(entry => entry.Number));
        Assert.Equal(history.Take(2), await Store.HistoryAsync(Pipeline, 2, Ct));
    }

    [Fact]
    public async Task Ten_thousand_splits_are_stored_and_read()
    {
        var run = await Store.OpenRunAsync(Pipeline, Owner, Ct);
        await CommitAsync(Next(run.Checkpoint, [.. Enumerable.Range(0, 10_000).Select(i => ($"file-{i}.csv", (long)i))]));

        Assert.Equal(10_000, (await Store.ReadAsync(Pipeline, Ct))!.Checkpoint.Splits.Count);
    }

    [Fact]
    public async Task The_history_of_a_pipeline_is_bounded()
    {
        await Task.WhenAll(Enumerable.Range(0, 1010).Select(i => Store
            .AddHistoryAsync(Pipeline, HistoryEvent.Replay, Owner, i.ToString(), Ct).AsTask()));
        await Store.AddHistoryAsync(Pipeline, HistoryEvent.RunStopped, Owner, "newest", Ct);

        var history = await Store.HistoryAsync(Pipeline, 2000, Ct);

        Assert.Equal(1000, history.Count);
        Assert.Equal("newest", history[0].Detail);
    }

    [Fact]
    public async Task Gaps_have_a_bound_of_their_own_and_leave_the_other_events_alone()
    {
        await AddAsync(HistoryEvent.RunStarted, 1);
        await AddAsync(HistoryEvent.Gap, 1010);
        Assert.Equal((1010, 1), await CountsAsync());

        await AddAsync(HistoryEvent.Replay, 1010);
        Assert.Equal((1010, 1000), await CountsAsync());

        await AddAsync(HistoryEvent.Gap, 9000);
        Assert.Equal((10_000, 1000), await CountsAsync());

        async Task AddAsync(HistoryEvent happened, int count)
        {
            await Task.WhenAll(Enumerable.Range(1, count - 1).Select(i => Store.AddHistoryAsync(Pipeline, happened, Owner, $"{i}", Ct).AsTask()));

            // Those that are added at the same time may not see each other.
            await Store.AddHistoryAsync(Pipeline, happened, Owner, "newest", Ct);
        }

        async Task<(int Gaps, int Others)> CountsAsync()
        {
            var history = await Store.HistoryAsync(Pipeline, int.MaxValue, Ct);
            var gaps = history.Count(entry => entry.Event == HistoryEvent.Gap);
            return (gaps, history.Count - gaps);
        }
    }

    protected abstract ValueTask<IStateStore> CreateStoreAsync();

    protected virtual ValueTask CleanUpAsync() => ValueTask.CompletedTask;

    protected ValueTask<CommitOutcome> CommitAsync(Checkpoint checkpoint) =>
        Store.CommitAsync(Pipeline, new StateCommit { Checkpoint = checkpoint }, Ct);

    protected static Checkpoint Next(Checkpoint checkpoint, params (string Split, long Offset)[] moved) =>
        checkpoint with { Sequence = checkpoint.Sequence + 1, Splits = Splits(moved) };

    protected static Dictionary<string, SplitPosition> Splits(params (string Split, long Offset)[] splits) =>
        splits.ToDictionary(split => split.Split, split => new SplitPosition(split.Offset, $$"""{"v":1,"line":{{split.Offset}}}"""));

    protected static (long Generation, long Epoch, long Sequence) StampOf(PipelineState state) =>
        (state.Checkpoint.Generation, state.Checkpoint.Epoch, state.Checkpoint.Sequence);

    protected static IEnumerable<(string Split, long Offset)> OffsetsOf(PipelineState state) =>
        state.Checkpoint.Splits.OrderBy(split => split.Key, StringComparer.Ordinal).Select(split => (split.Key, split.Value.Offset));
}
