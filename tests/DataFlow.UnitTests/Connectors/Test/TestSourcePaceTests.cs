using DataFlow.Connectors;
using DataFlow.UnitTests.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.UnitTests.Connectors.Test;

[Trait("claim", "TEST-04")]
public class TestSourcePaceTests
{
    [Fact]
    public async Task Records_come_at_the_rate_whatever_the_batch_size()
    {
        var clock = new FakeTimeProvider();
        var pace = new OpenLoopPace(clock, 100, TimeSpan.FromSeconds(1));
        for (var second = 0; second < 3; second++)
        {
            var due = pace.WaitAsync(1000, CancellationToken.None);
            clock.Advance(TimeSpan.FromMilliseconds(999));
            Assert.False(due.IsCompleted);
            clock.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Equal(100, await due);
            pace.Took(100);
        }
    }

    [Fact]
    public async Task A_full_batch_does_not_wait_for_the_longest_latency()
    {
        var clock = new FakeTimeProvider();
        var due = new OpenLoopPace(clock, 100, TimeSpan.FromSeconds(1)).WaitAsync(10, CancellationToken.None);
        clock.Advance(TimeSpan.FromMilliseconds(99));
        Assert.False(due.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(10, await due);
    }

    [Fact]
    public async Task A_consumer_that_fell_behind_gets_what_is_due_at_once()
    {
        var clock = new FakeTimeProvider();
        var pace = new OpenLoopPace(clock, 100, TimeSpan.FromSeconds(1));
        clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(1000, await pace.WaitAsync(1000, CancellationToken.None));
        pace.Took(1000);
        Assert.Equal(5000, await pace.WaitAsync(9999, CancellationToken.None));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(0.3)]
    public async Task A_rate_that_is_no_whole_number_of_ticks_loses_no_record(double rate)
    {
        var clock = new FakeTimeProvider();
        var pace = new OpenLoopPace(clock, rate, TimeSpan.FromMilliseconds(1));
        var start = clock.GetTimestamp();
        var taken = 0;
        while (clock.GetElapsedTime(start) < TimeSpan.FromSeconds(100))
        {
            var next = pace.WaitAsync(1, CancellationToken.None);
            while (!next.IsCompleted)
            {
                clock.Advance(TimeSpan.FromMilliseconds(1));
            }

            pace.Took((int)await next);
            taken++;
        }

        var due = clock.GetElapsedTime(start).TotalSeconds * rate;
        Assert.InRange(taken, due - 1, due + 0.01);
    }

    [Fact]
    public async Task Without_a_rate_nothing_waits()
    {
        var run = await TestSourceRun.ReadAsync(new TestSourceOptions { TotalRecords = 2500 });
        Assert.Equal([1000, 1000, 500], run.BatchSizes);
    }

    [Fact]
    public async Task A_stop_ends_a_wait_without_an_exception()
    {
        using var stop = new CancellationTokenSource();
        var context = new TestSourceContext();
        await using var source = TestSourceDefinition.Definition.Create(TestSourceRun.Settings(new TestSourceOptions { RecordsPerSecond = 1 }));
        await using var batches = source.ReadAsync(context, stop.Token).GetAsyncEnumerator();
        var next = batches.MoveNextAsync();
        Assert.False(next.IsCompleted);
        await stop.CancelAsync();
        Assert.False(await next);
        Assert.Equal(0, context.Pool.Lent);
    }

    [Fact]
    public async Task A_stop_ends_an_endless_source_without_a_rate()
    {
        using var stop = new CancellationTokenSource();
        var context = new TestSourceContext();
        await using var source = TestSourceDefinition.Definition.Create(TestSourceRun.Settings(new TestSourceOptions()));
        await foreach (var batch in source.ReadAsync(context, stop.Token))
        {
            batch.Release();
            await stop.CancelAsync();
        }

        Assert.Equal(0, context.Pool.Lent);
    }
}
