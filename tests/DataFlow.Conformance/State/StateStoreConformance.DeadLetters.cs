using DataFlow.Engine.State;

namespace DataFlow.Conformance;

/// <content>Dead letters.</content>
public abstract partial class StateStoreConformance
{
    private static readonly Guid Record1 = new("00000000-0000-5000-8000-000000000001");
    private static readonly Guid Record2 = new("00000000-0000-5000-8000-000000000002");
    private static readonly Guid Record3 = new("00000000-0000-5000-8000-000000000003");

    private IDeadLetterStore Letters => Store.DeadLetters;

    [Fact]
    public async Task A_dead_letter_comes_back_byte_for_byte()
    {
        var run = await OpenRunAsync();
        byte[] raw = [0, 255, 10, 13, 34, .. Enumerable.Range(0, 256).Select(i => (byte)i)];
        var error = new RecordError(
            Record1, RecordError.Stages.Source, "too-many-fields",
            "Line 3 has 4 fields: 'ä\0\u2028\"'; 3 are allowed.", raw, "dir/ä.csv", 3);

        Assert.True(await AppendAsync(run, 1, error));

        var letter = Assert.Single(await ListAsync());
        Assert.Equal(raw, letter.Error.Raw);
        Assert.Equal(error, letter.Error with { Raw = raw });
        Assert.Equal((1, 1), (letter.Generation, letter.Sequence));
        Assert.Equal(Time.GetUtcNow(), letter.FailedAt);
        Assert.Null(letter.ReplayedAt);
    }

    [Fact]
    public async Task A_record_has_one_dead_letter_per_stage_however_often_it_fails()
    {
        var run = await OpenRunAsync();
        await AppendAsync(run, 1, Error(Record1), Error(Record1, stage: "sink"), Error(Record2));
        Time.Advance(TimeSpan.FromSeconds(1));
        await AppendAsync(run, 2, Error(Record1, reason: "new-reason"));

        var letters = await ListAsync();

        Assert.Equal(
            [(Record1, "source", "new-reason"), (Record1, "sink", "bad"), (Record2, "source", "bad")],
            letters.Select(letter => (letter.Error.DeliveryId, letter.Error.Stage, letter.Error.Reason)));
        Assert.Equal(Time.GetUtcNow(), letters[0].FailedAt);
        Assert.Equal(letters[1].Id - 1, letters[0].Id);
    }

    [Fact]
    public async Task The_same_record_may_be_a_dead_letter_of_two_pipelines()
    {
        var one = await Store.OpenRunAsync("one", Owner, Ct);
        var two = await Store.OpenRunAsync("two", Owner, Ct);
        await Letters.AppendAsync("one", Stamp(one, 1), [Error(Record1)], Ct);
        await Letters.AppendAsync("two", Stamp(two, 1), [Error(Record1)], Ct);

        await Letters.DeleteAsync("one", DeadLetterFilter.Open, Ct);

        Assert.Empty(await Letters.ListAsync("one", DeadLetterFilter.Open, Ct));
        Assert.Single(await Letters.ListAsync("two", DeadLetterFilter.Open, Ct));
    }

    [Fact]
    public async Task Letters_above_the_last_commit_are_undone_at_the_next_start_and_those_below_stay()
    {
        var run = await OpenRunAsync();
        await AppendAsync(run, 1, Error(Record1));
        await CommitAsync(Next(run.Checkpoint));
        await AppendAsync(run, 2, Error(Record2), Error(Record3));

        var next = await OpenRunAsync();
        var removed = await Letters.DeleteAboveAsync(Pipeline, CommitStamp.Of(next.Checkpoint), Ct);

        Assert.Equal(2, removed);
        Assert.Equal([Record1], (await ListAsync()).Select(letter => letter.Error.DeliveryId));
    }

    [Fact]
    public async Task A_committed_letter_whose_record_failed_again_survives_the_undoing_of_that_second_failure()
    {
        var run = await OpenRunAsync();
        await AppendAsync(run, 1, Error(Record1));
        await CommitAsync(Next(run.Checkpoint));
        await AppendAsync(run, 2, Error(Record1));

        var next = await OpenRunAsync();
        await Letters.DeleteAboveAsync(Pipeline, CommitStamp.Of(next.Checkpoint), Ct);

        Assert.Single(await ListAsync());
    }

    [Fact]
    public async Task A_run_that_was_taken_over_can_neither_add_nor_undo_letters()
    {
        var old = await OpenRunAsync();
        var young = await OpenRunAsync();
        await AppendAsync(young, 1, Error(Record1));

        Assert.False(await AppendAsync(old, 1, Error(Record2)));
        Assert.Equal(0, await Letters.DeleteAboveAsync(Pipeline, Stamp(old, 0), Ct));
        Assert.Equal([Record1], (await ListAsync()).Select(letter => letter.Error.DeliveryId));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_reset_keeps_or_clears_the_letters_and_always_drops_uncommitted_ones(bool clear)
    {
        var run = await OpenRunAsync();
        await AppendAsync(run, 1, Error(Record1));
        await CommitAsync(Next(run.Checkpoint));
        await AppendAsync(run, 2, Error(Record2));

        await Store.ResetAsync(Pipeline, Owner, clear, Ct);
        var next = await OpenRunAsync();
        await Letters.DeleteAboveAsync(Pipeline, CommitStamp.Of(next.Checkpoint), Ct);

        Assert.Equal(clear ? [] : [Record1], (await ListAsync()).Select(letter => letter.Error.DeliveryId));
    }

    [Fact]
    public async Task A_seek_keeps_committed_letters_and_drops_uncommitted_ones()
    {
        var run = await OpenRunAsync();
        await AppendAsync(run, 1, Error(Record1));
        await CommitAsync(Next(run.Checkpoint));
        await AppendAsync(run, 2, Error(Record2));

        await Store.SeekAsync(Pipeline, "s", new SplitPosition(0, ""), Owner, Ct);

        Assert.Equal([Record1], (await ListAsync()).Select(letter => letter.Error.DeliveryId));
    }

    [Fact]
    public async Task Letters_are_listed_in_pages_and_by_reason_stage_split_and_number()
    {
        var run = await OpenRunAsync();
        await AppendAsync(
            run, 1,
            Error(Record1, reason: "a", split: "x"),
            Error(Record2, reason: "b", stage: "sink", split: "x"),
            Error(Record3, reason: "a", split: "y"));
        var all = await ListAsync();

        Assert.Equal([Record1, Record2], await IdsAsync(new() { Limit = 2 }));
        Assert.Equal([Record3], await IdsAsync(new() { Limit = 2, After = all[1].Id }));
        Assert.Equal([Record1, Record3], await IdsAsync(new() { Reason = "a" }));
        Assert.Equal([Record2], await IdsAsync(new() { Stage = "sink" }));
        Assert.Equal([Record1, Record2], await IdsAsync(new() { Split = "x" }));
        Assert.Equal([Record1, Record3], await IdsAsync(new() { Ids = [all[0].Id, all[2].Id, 999] }));
        Assert.Empty(await IdsAsync(new() { Ids = [] }));
        Assert.Empty(await IdsAsync(new() { Reason = "' or 1=1 --" }));
    }

    [Fact]
    public async Task Letters_are_counted_by_reason()
    {
        var run = await OpenRunAsync();
        await AppendAsync(run, 1, Error(Record1, reason: "a"), Error(Record2, reason: "b"), Error(Record3, reason: "a"));

        var counts = await Letters.CountAsync(Pipeline, new DeadLetterFilter { Limit = 1 }, Ct);

        Assert.Equal([("a", 2), ("b", 1)], counts.OrderBy(count => count.Key).Select(count => (count.Key, count.Value)));
        Assert.Empty(await Letters.CountAsync("other", DeadLetterFilter.Open, Ct));
    }

    [Fact]
    public async Task A_replay_marks_its_letters_in_the_commit_that_delivers_them()
    {
        var run = await OpenRunAsync();
        await AppendAsync(run, 1, Error(Record1), Error(Record2));
        var first = Next(run.Checkpoint);
        await CommitAsync(first);
        var ids = (await ListAsync()).Select(letter => letter.Id).ToArray();

        await Store.CommitAsync(Pipeline, new StateCommit { Checkpoint = Next(first), Replayed = [ids[0]] }, Ct);
        var stale = new StateCommit { Checkpoint = Next(Next(first)) with { Epoch = 99 }, Replayed = [ids[1]] };
        Assert.Equal(CommitOutcome.Fenced, await Store.CommitAsync(Pipeline, stale, Ct));

        Assert.Equal([Record2], await IdsAsync(new()));
        Assert.Equal([Record1], await IdsAsync(new() { Status = DeadLetterStatus.Replayed }));
        Assert.Equal([Record1, Record2], await IdsAsync(new() { Status = DeadLetterStatus.Any }));
    }

    [Fact]
    public async Task A_letter_is_marked_as_replayed_once_and_opens_again_when_its_record_fails_again()
    {
        var run = await OpenRunAsync();
        await AppendAsync(run, 1, Error(Record1));
        var id = (await ListAsync())[0].Id;

        Assert.Equal(1, await Letters.MarkReplayedAsync(Pipeline, [id], Ct));
        Assert.Equal(0, await Letters.MarkReplayedAsync(Pipeline, [id], Ct));
        Assert.Equal(0, await Letters.MarkReplayedAsync(Pipeline, [], Ct));
        Assert.Empty(await ListAsync());

        await AppendAsync(run, 2, Error(Record1));
        Assert.Equal(id, Assert.Single(await ListAsync()).Id);
    }

    [Fact]
    public async Task Replayed_letters_can_be_deleted_and_their_numbers_are_not_given_again()
    {
        var run = await OpenRunAsync();
        await AppendAsync(run, 1, Error(Record1), Error(Record2));
        var last = (await ListAsync())[1].Id;
        await Letters.MarkReplayedAsync(Pipeline, [last], Ct);

        Assert.Equal(1, await Letters.DeleteAsync(Pipeline, new DeadLetterFilter { Status = DeadLetterStatus.Replayed }, Ct));
        await AppendAsync(run, 2, Error(Record3));

        var letters = await ListAsync();
        Assert.Equal([Record1, Record3], letters.Select(letter => letter.Error.DeliveryId));
        Assert.True(letters[1].Id > last);
    }

    private static RecordError Error(Guid id, string reason = "bad", string stage = "source", string split = "s") =>
        new(id, stage, reason, "It is bad.", [1, 2, 3], split, 1);

    private static CommitStamp Stamp(PipelineState run, long sequence) => CommitStamp.Of(run.Checkpoint) with { Sequence = sequence };

    private ValueTask<PipelineState> OpenRunAsync() => Store.OpenRunAsync(Pipeline, Owner, Ct);

    private ValueTask<bool> AppendAsync(PipelineState run, long sequence, params RecordError[] errors) =>
        Letters.AppendAsync(Pipeline, Stamp(run, sequence), errors, Ct);

    private ValueTask<IReadOnlyList<DeadLetterRecord>> ListAsync() => Letters.ListAsync(Pipeline, DeadLetterFilter.Open, Ct);

    private async Task<IEnumerable<Guid>> IdsAsync(DeadLetterFilter filter) =>
        (await Letters.ListAsync(Pipeline, filter, Ct)).Select(letter => letter.Error.DeliveryId);
}
