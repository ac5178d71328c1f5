using System.Globalization;
using System.Text;
using DataFlow.Conformance;
using DataFlow.Engine;
using DataFlow.Engine.State;

namespace DataFlow.UnitTests.Engine;

/// <summary>A sink that keeps the checkpoint beside its rows is the authority; the state store has a copy.</summary>
public sealed class SinkAuthorityTests
{
    private readonly TableSink.Table _table = new();
    private readonly FaultyStore _store = new(new InMemoryStateStore(TimeProvider.System));
    private readonly EngineBench _bench;

    public SinkAuthorityTests() => _bench = new EngineBench(store: _store);

    private static IEnumerable<int> AllRows => Enumerable.Range(0, 100).Where(number => number % 10 != 9);

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(9)]
    public async Task A_lost_reply_of_the_sink_neither_loses_nor_doubles_rows(int commit)
    {
        _table.AfterCommit = number => _ = number == commit ? throw ConnectorException.External("The connection broke.") : 0;

        var outcome = await RunToTheEndAsync();

        Assert.Null(outcome.Error);
        Assert.Equal(AllRows, _table.Rows);
        Assert.Equal((100L, 90L, 10L), (outcome.Run.Read, outcome.Run.Delivered, outcome.Run.DeadLettered));
        Assert.Equal((100L, 0L), (outcome.Totals.Read, outcome.Totals.Unaccounted));
    }

    [Fact]
    public async Task A_state_that_missed_the_last_commits_goes_on_from_the_sink()
    {
        _table.BeforeCommit = number =>
        {
            if (number == 5)
            {
                _store.Faults.Next(FaultStep.StoreCommit, Fault.Throw, Fault.Throw, Fault.Throw);
            }
        };
        Assert.NotNull((await RunAsync()).Error);

        var outcome = await RunAsync();

        Assert.Null(outcome.Error);
        Assert.Equal(AllRows, _table.Rows);
        Assert.Equal((100L, 0L), (outcome.Totals.Read, outcome.Totals.Unaccounted));
        Assert.Equal(10, (await _store.DeadLetters.ListAsync("numbers", DeadLetterFilter.Open, default)).Count);
    }

    [Fact]
    public async Task A_source_that_can_not_replay_keeps_what_a_lost_reply_did_not_cover()
    {
        var bench = new EngineBench(new NumberSource.Script { Replayable = false, Total = 300 });
        _table.AfterCommit = number => _ = number % 3 == 0 ? throw ConnectorException.External("The connection broke.") : 0;

        var run = bench.RunAsync(spec => spec with
        {
            CreateSink = () => new TableSink(_table),
            MaxAttempts = null,
            Workers = 4,
            CommitInterval = TimeSpan.FromMilliseconds(5),
        });
        await bench.FinishAsync(run);

        Assert.Equal(Enumerable.Range(0, 300).Where(number => number % 10 != 9), _table.Rows);
        Assert.Equal((300L, 270L, 0L), ((await run).Run.Read, (await run).Run.Delivered, (await run).Run.Unaccounted));
    }

    [Fact]
    public async Task A_new_state_folder_goes_on_from_the_sink_with_an_epoch_above_all_that_the_sink_has_seen()
    {
        for (var run = 0; run < 3; run++)
        {
            await RunAsync(spec => spec with { MaxDeadLetters = 0 });
        }

        var rows = _table.Rows.Count;
        var elsewhere = new EngineBench(_bench.Source);

        var outcome = await elsewhere.RunAsync(spec => spec with { CreateSink = () => new TableSink(_table) });

        Assert.Null(outcome.Error);
        Assert.True(rows is > 0 and < 90);
        Assert.Equal(AllRows, _table.Rows);
        Assert.Equal([3, 1, 4], _table.Opened[^3..]);
        Assert.Equal((100L, true), (outcome.Totals.Read, outcome.HadState));
        Assert.Equal(4, (await elsewhere.Store.ReadAsync("numbers", default))!.Checkpoint.Epoch);
    }

    [Fact]
    public async Task A_sink_that_was_restored_from_a_copy_gets_what_it_lacks_again()
    {
        Checkpoint? copy = null;
        var rows = Array.Empty<int>();
        _table.AfterCommit = number => (copy, rows) = number == 6 ? (_table.Checkpoint, [.. _table.Rows]) : (copy, rows);
        await RunAsync();
        _table.Checkpoint = copy;
        _table.Rows.Clear();
        _table.Rows.AddRange(rows);
        _table.AfterCommit = _ => { };

        var outcome = await RunAsync();

        Assert.Null(outcome.Error);
        Assert.Equal(AllRows, _table.Rows);
        Assert.Equal((100L, 0L), (outcome.Totals.Read, outcome.Totals.Unaccounted));
    }

    [Fact]
    public async Task A_reset_wins_over_what_the_sink_holds_of_the_generation_before()
    {
        await RunAsync();
        await _store.ResetAsync("numbers", "somebody", clearDeadLetters: true, default);

        var outcome = await RunAsync();

        Assert.Equal(100, outcome.Run.Read);
        Assert.Equal([.. AllRows, .. AllRows], _table.Rows);
        Assert.Equal(2, _table.Checkpoint!.Generation);
    }

    [Fact]
    public async Task A_seek_stands_although_the_reply_of_the_first_commit_after_it_is_lost()
    {
        await RunAsync();
        await _store.SeekAsync("numbers", NumberSource.Split, new NumberSource.NumberPosition(50).ToSplitPosition(), "somebody", default);
        await _store.SeekAsync("numbers", "another", new SplitPosition(7, "{}"), "somebody", default);
        _table.AfterCommit = _ => throw ConnectorException.User("The connection broke.");
        await RunAsync();
        _table.AfterCommit = _ => { };

        var outcome = await RunAsync();

        Assert.Equal((50L, 45L), (outcome.Run.Read, outcome.Run.Delivered));
        Assert.Equal(7, (await _store.ReadAsync("numbers", default))!.Checkpoint.Splits["another"].Offset);
    }

    [Fact]
    public async Task A_run_that_was_taken_over_while_it_opens_its_sink_writes_nothing()
    {
        await RunAsync(spec => spec with { MaxDeadLetters = 0 });
        _table.Checkpoint = _table.Checkpoint! with { Sequence = 50 };
        var rows = _table.Rows.Count;

        var outcome = await RunAsync(spec => spec with
        {
            CreateSink = () =>
            {
                _store.OpenRunAsync("numbers", "somebody else", default).AsTask().Wait();
                return new TableSink(_table);
            },
        });

        Assert.Contains("taken over", outcome.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(rows, _table.Rows.Count);
    }

    [Fact]
    public async Task A_replay_whose_commit_only_the_sink_knows_is_not_repeated()
    {
        await RunAsync();
        _table.AfterCommit = _ => throw ConnectorException.User("The connection broke.");
        var letters = (await _store.DeadLetters.ListAsync("numbers", DeadLetterFilter.Open, default)).Count;
        await ReplayAsync();
        _table.AfterCommit = _ => { };

        var outcome = await ReplayAsync();

        Assert.Null(outcome.Error);
        Assert.Equal(10, letters);
        Assert.Equal(Enumerable.Range(0, 100), _table.Rows.Order());
        Assert.Empty(await _store.DeadLetters.ListAsync("numbers", DeadLetterFilter.Open, default));
        Assert.DoesNotContain(DeadLetterSource.Split, (await _store.ReadAsync("numbers", default))!.Checkpoint.Splits.Keys);
        Assert.Equal((100L, 100L, 0L), (outcome.Totals.Read, outcome.Totals.Delivered, outcome.Totals.Unaccounted));
    }

    private Task<PipelineOutcome> RunAsync(Func<PipelineSpec, PipelineSpec>? change = null) => _bench.RunAsync(spec =>
    {
        var table = spec with { CreateSink = () => new TableSink(_table) };
        return change?.Invoke(table) ?? table;
    });

    private async Task<PipelineOutcome> RunToTheEndAsync()
    {
        var run = RunAsync(spec => spec with { MaxAttempts = 3 });
        return await _bench.FinishAsync(run);
    }

    private Task<PipelineOutcome> ReplayAsync() => RunAsync(spec => spec with
    {
        IsReplay = true,
        CreateSource = () => new DeadLetterSource("numbers", _store, DeadLetterFilter.Open, ReadAgain),
    });

    private static void ReadAgain(RecordBatch batch, RecordError letter, SplitPosition? position)
    {
        var text = Encoding.UTF8.GetBytes(letter.Offset.ToString(CultureInfo.InvariantCulture));
        batch.Begin(new RecordSchema("n"), 1);
        var start = batch.Append(text);
        batch.AddRow(start, text.Length)[0] = new FieldRef(start, text.Length, FieldKind.Text);
    }
}
