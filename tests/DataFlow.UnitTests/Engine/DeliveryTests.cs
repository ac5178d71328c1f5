using DataFlow.Conformance;
using DataFlow.Engine;

namespace DataFlow.UnitTests.Engine;

public sealed class DeliveryTests
{
    [Fact]
    public async Task Every_record_is_delivered_or_a_dead_letter_and_the_counters_prove_it()
    {
        var bench = new EngineBench();

        var outcome = await bench.RunAsync();

        Assert.Null(outcome.Error);
        Assert.Equal(RunState.Completed, outcome.State);
        Assert.Equal(bench.Expected, bench.Ledger.Values);
        Assert.Equal((100, 80, 20, 0), (outcome.Run.Read, outcome.Run.Delivered, outcome.Run.DeadLettered, outcome.Run.Unaccounted));
        Assert.Equal(new Dictionary<string, long> { ["bad"] = 10, ["refused"] = 10 }, outcome.DeadLetterReasons);
        Assert.Equal(0, bench.Pool.Lent);
    }

    [Fact]
    public async Task A_finished_pipeline_has_nothing_to_do_when_it_runs_again()
    {
        var bench = new EngineBench();
        await bench.RunAsync();

        var again = await bench.RunAsync();

        Assert.Equal((RunState.Completed, 0L, true), (again.State, again.Run.Read, again.HadState));
        Assert.Equal(100, again.Totals.Read);
        Assert.Equal(bench.Expected, bench.Ledger.Values);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Output_is_in_the_order_of_the_input_whatever_the_number_of_workers(int workers)
    {
        var bench = new EngineBench(new NumberSource.Script { Total = 2000 });

        var outcome = await bench.RunAsync(spec => spec with { Workers = workers, CommitInterval = TimeSpan.FromHours(1) });

        Assert.Null(outcome.Error);
        Assert.Equal(bench.Expected, bench.Ledger.Values);
        Assert.Equal(0, bench.Pool.Lent);
    }

    [Fact]
    public async Task The_source_is_acknowledged_in_order_and_only_what_is_committed()
    {
        var bench = new EngineBench();

        await bench.RunAsync();

        Assert.Equal(bench.Source.Acknowledged.Order(), bench.Source.Acknowledged);
        Assert.Equal(100, bench.Source.Acknowledged[^1]);
    }

    [Fact]
    public async Task A_stop_ends_the_intake_and_delivers_what_was_read()
    {
        using var stop = new CancellationTokenSource();
        var bench = new EngineBench(new NumberSource.Script { WaitForStop = true });
        var run = bench.RunAsync(spec => spec with { Until = Until.Forever }, stop.Token);
        await Eventually.Is(() => bench.Ledger.Values.Count == 80);

        await stop.CancelAsync();
        var outcome = await run;

        Assert.Equal((RunState.Stopped, 100L, 80L), (outcome.State, outcome.Run.Read, outcome.Run.Delivered));
        Assert.Equal(0, bench.Pool.Lent);
    }

    [Fact]
    public async Task A_failing_source_does_not_cost_what_it_had_yielded_before()
    {
        var bench = new EngineBench();
        var reads = 0;
        bench.Source.Step = step =>
        {
            if (step == "read" && ++reads == 10)
            {
                throw ConnectorException.User("The disk is gone.");
            }
        };

        var outcome = await bench.RunAsync(spec => spec with { CommitInterval = TimeSpan.FromHours(1) });

        Assert.Equal("The disk is gone.", outcome.Error?.Message);
        Assert.Equal(bench.Source.Emitted, outcome.Run.Read);
        Assert.Equal(bench.Source.Emitted, (await bench.Store.ReadAsync("numbers", default))!.Checkpoint.Splits[NumberSource.Split].Offset);
    }

    [Fact]
    public async Task A_failure_that_may_pass_is_tried_again_after_a_pause()
    {
        var bench = new EngineBench();
        var writes = 0;
        bench.Ledger.Step = step =>
        {
            if (step == "write" && ++writes == 30)
            {
                throw ConnectorException.External("The network is gone.");
            }
        };
        var run = bench.RunAsync(spec => spec with { MaxAttempts = 3 });
        while (!run.IsCompleted)
        {
            bench.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        var outcome = await run;
        Assert.Null(outcome.Error);
        Assert.Equal(2, bench.Source.Attempts);
        Assert.Equal(bench.Expected, bench.Ledger.Values);
        Assert.Equal(100, outcome.Run.Read);
    }

    [Fact]
    public async Task A_failure_that_stays_ends_the_run_with_its_sentence()
    {
        var bench = new EngineBench();
        bench.Ledger.Step = step => _ = step == "open" ? throw ConnectorException.User("No right to write.") : 0;

        var outcome = await bench.RunAsync(spec => spec with { MaxAttempts = null });

        Assert.Equal((RunState.Failed, "No right to write."), (outcome.State, outcome.Error?.Message));
        Assert.Equal(1, bench.Source.Attempts + 1);
    }

    [Fact]
    public async Task A_source_that_can_not_replay_loses_nothing_when_the_sink_fails()
    {
        var bench = new EngineBench(new NumberSource.Script { Replayable = false, Total = 500 });
        var steps = 0;
        bench.Ledger.Step = step =>
        {
            if (++steps % 97 == 0)
            {
                throw ConnectorException.External("The network is gone.");
            }
        };
        var run = bench.RunAsync(spec => spec with { MaxAttempts = null, CommitInterval = TimeSpan.FromSeconds(1) });
        while (!run.IsCompleted)
        {
            bench.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Null((await run).Error);
        Assert.Equal(bench.Expected, bench.Ledger.Values);
        Assert.Equal(0, bench.Pool.Lent);
    }

    [Fact]
    public async Task More_dead_letters_than_allowed_stop_the_run_after_a_commit()
    {
        var bench = new EngineBench();

        var outcome = await bench.RunAsync(spec => spec with { MaxDeadLetters = 5 });

        Assert.Equal(RunState.Failed, outcome.State);
        Assert.Contains("more than max-dead-letters (5)", outcome.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(0, outcome.Run.Unaccounted);
        Assert.True(outcome.Run.Read < 100);
    }
}
