using DataFlow.Conformance;
using DataFlow.Engine;
using DataFlow.Engine.State;

namespace DataFlow.UnitTests.Engine;

/// <summary>A run that dies at any step, and runs that die again while they recover, end with the same ledger as an undisturbed one.</summary>
public sealed class CrashScheduleTests
{
    private static readonly Fault[] Faults = [Fault.Throw, Fault.PartialWrite, Fault.ReplyLost, Fault.Fenced, Fault.Crash];

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
    public async Task Faults_of_any_kind_on_random_schedules_lose_and_double_nothing()
    {
        var schedules = Environment.GetEnvironmentVariable("DATAFLOW_SOAK") == "1" ? 200_000 : 3_000;
        for (var seed = 0; seed < schedules; seed++)
        {
            var schedule = new List<string>();
            try
            {
                await RunThroughFaultsAsync(seed, schedule);
            }
            catch (Exception failure)
            {
                Assert.Fail($"Seed {seed}, faults by run: {string.Join(" | ", schedule)}. {failure}");
            }
        }
    }

    private static async Task RunThroughFaultsAsync(int seed, List<string> happened)
    {
        var random = new Random(seed);
        var bench = new EngineBench(new NumberSource.Script { Random = new Random(seed) });
        for (var runs = random.Next(1, 6); runs > 0; runs--)
        {
            var faults = new FaultSchedule();
            for (var planned = random.Next(1, 4); planned > 0; planned--)
            {
                faults.At(random.Next(1, 100), Faults[random.Next(Faults.Length)]);
            }

            await bench.RunAsync(spec => Faulty(bench, spec, faults, random), store: new FaultyStore(bench.Store, faults));
            happened.Add(string.Join(", ", faults.Happened));
        }

        var outcome = await bench.RunAsync(spec => spec with { Workers = 1 + (seed % 2) });
        await AssertCompleteAsync(bench, outcome);
    }

    private static PipelineSpec Faulty(EngineBench bench, PipelineSpec spec, FaultSchedule faults, Random random) => spec with
    {
        Workers = random.Next(1, 3),
        CommitInterval = random.Next(2) == 0 ? TimeSpan.Zero : TimeSpan.FromHours(1),
        CreateSource = () => new FaultySource(new NumberSource(bench.Source), faults, emptyBatches: random.Next(2) == 0),
        CreateSink = () => FaultySink.Around(new LedgerSink(bench.Ledger), faults),
    };

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
                    throw new SimulatedCrashException();
                }
            };
            await bench.RunAsync(spec => spec with { Workers = workers });
        }

        bench.Source.Step = bench.Ledger.Step = _ => { };
        var outcome = await bench.RunAsync(spec => spec with { Workers = workers });

        await AssertCompleteAsync(bench, outcome);
    }

    private static async Task AssertCompleteAsync(EngineBench bench, PipelineOutcome outcome)
    {
        Assert.Null(outcome.Error);
        Assert.Equal(bench.Expected, bench.Ledger.Values);
        var totals = (await bench.Store.ReadAsync("numbers", default))!.Checkpoint.Counters;
        Assert.Equal((100, 80, 20, 0), (totals.Read, totals.Delivered, totals.DeadLettered, totals.Unaccounted));
        Assert.Equal(20, (await bench.Store.DeadLetters.ListAsync("numbers", DeadLetterFilter.Open, default)).Count);
        Assert.Equal(0, bench.Pool.Lent);
    }
}
