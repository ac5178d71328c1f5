using DataFlow.Conformance;
using DataFlow.Engine.State;

namespace DataFlow.UnitTests.Engine;

/// <summary>A run that dies at any step, and runs that die again while they recover, end with the same ledger as an undisturbed one.</summary>
public sealed class CrashScheduleTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_crash_at_every_single_step_loses_and_doubles_nothing(int workers)
    {
        var steps = await CountStepsAsync(workers);
        Assert.True(steps > 150);
        for (var crash = 1; crash <= steps; crash++)
        {
            await RunThroughCrashesAsync(seed: 1, workers, [crash]);
        }
    }

    [Fact]
    public async Task Crashes_on_random_schedules_lose_and_double_nothing()
    {
        for (var seed = 0; seed < 1000; seed++)
        {
            var random = new Random(seed);
            int[] crashes = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => random.Next(1, 120))];
            await RunThroughCrashesAsync(seed, workers: 1 + (seed % 2), crashes);
        }
    }

    private static async Task<int> CountStepsAsync(int workers)
    {
        var bench = new EngineBench(new NumberSource.Script { Random = new Random(1) });
        var steps = 0;
        bench.Source.Step = bench.Ledger.Step = _ => steps++;
        var outcome = await bench.RunAsync(spec => spec with { Workers = workers });
        Assert.Null(outcome.Error);
        return steps;
    }

    private static async Task RunThroughCrashesAsync(int seed, int workers, int[] crashes)
    {
        var bench = new EngineBench(new NumberSource.Script { Random = new Random(seed) });
        foreach (var crash in crashes)
        {
            var steps = 0;
            bench.Source.Step = bench.Ledger.Step = _ =>
            {
                if (++steps >= crash)
                {
                    throw new CrashException();
                }
            };
            await bench.RunAsync(spec => spec with { Workers = workers });
        }

        bench.Source.Step = bench.Ledger.Step = _ => { };
        var outcome = await bench.RunAsync(spec => spec with { Workers = workers });

        Assert.Null(outcome.Error);
        Assert.Equal(bench.Expected, bench.Ledger.Values);
        var totals = (await bench.Store.ReadAsync("numbers", default))!.Checkpoint.Counters;
        Assert.Equal((100, 80, 20, 0), (totals.Read, totals.Delivered, totals.DeadLettered, totals.Unaccounted));
        Assert.Equal(20, (await bench.Store.DeadLetters.ListAsync("numbers", DeadLetterFilter.Open, default)).Count);
        Assert.Equal(0, bench.Pool.Lent);
    }

    /// <summary>Stands for the end of the process: from here on every step fails, so that nothing can be tidied up.</summary>
    private sealed class CrashException : Exception;
}
