namespace DataFlow.Conformance;

/// <summary>
/// What every source has to do, through the real engine. A kind plugs in with a fixture and one line:
/// <c>public sealed class KafkaSourceConformance : SourceConformance&lt;KafkaSourceFixture&gt;;</c>
/// </summary>
/// <typeparam name="TFixture">The other side of the source.</typeparam>
public abstract partial class SourceConformance<TFixture> : IAsyncLifetime
    where TFixture : ISourceFixture, new()
{
    private readonly List<SourceBench> _benches = [];

    /// <summary>The other side of this test.</summary>
    protected TFixture Fixture { get; } = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Skips what is waived, and starts the fixture otherwise.</summary>
    public async ValueTask InitializeAsync()
    {
        try
        {
            TFixture.Waivers.SkipIfWaived();
            await Fixture.StartAsync(Ct).AsTask().WaitAsync(SourceBench.Limit, Ct);
        }
        catch
        {
            // A test that does not begin is not disposed of.
            await Fixture.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops the fixture.</summary>
    public async ValueTask DisposeAsync()
    {
        _benches.ForEach(bench => bench.Dispose());
        await Fixture.DisposeAsync().AsTask().WaitAsync(SourceBench.Limit);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task It_reads_everything_and_ends()
    {
        await Fixture.PublishAsync(100, Ct);
        var bench = Bench();

        var outcome = await bench.RunAsync(expected: 100);

        Assert.Null(outcome.Error);
        await AssertExactAsync(bench, 100);
        Assert.Equal(100, outcome.Run.Read);
    }

    [Fact]
    public async Task It_keeps_the_order_of_each_split()
    {
        await Fixture.PublishAsync(200, Ct);
        var bench = Bench(workers: 2);

        await bench.RunAsync(expected: 200);

        AssertOrdered(bench);
        await AssertExactAsync(bench, 200);
    }

    [Fact]
    public async Task It_has_nothing_to_say_about_an_empty_input()
    {
        await Fixture.PublishAsync(0, Ct);
        var bench = Bench();

        var outcome = await bench.RunAsync(expected: 0);

        Assert.Null(outcome.Error);
        Assert.Equal(0, outcome.Run.Read);
        Assert.Empty(await bench.DeadLettersAsync());
    }

    [Fact]
    public async Task It_goes_on_with_what_came_since_the_last_run()
    {
        await Fixture.PublishAsync(20, Ct);
        var bench = Bench();
        await bench.RunAsync(expected: 20);

        await Fixture.PublishAsync(15, Ct);
        var outcome = await bench.RunAsync(expected: 35);

        Assert.Null(outcome.Error);
        Assert.Equal(15, outcome.Run.Read);
        await AssertExactAsync(bench, 35);
    }

    [Fact]
    public async Task A_stop_ends_it_in_time_and_the_next_run_goes_on()
    {
        await Fixture.PublishAsync(300, Ct);
        var bench = Bench();
        using var stop = new CancellationTokenSource();
        var run = bench.RunAsync(expected: int.MaxValue, stop: stop.Token);
        await Eventually.Is(() => run.IsCompleted || bench.Collected.Count > 0);

        await stop.CancelAsync();
        var outcome = await run;

        Assert.Null(outcome.Error);
        Assert.Equal(bench.Collected.Count, outcome.Run.Delivered);
        Assert.Null((await bench.RunAsync(expected: 300)).Error);
        await AssertExactAsync(bench, 300);
    }

    [Fact]
    public async Task It_can_be_disposed_twice_used_or_not()
    {
        await Fixture.PublishAsync(3, Ct);
        var source = Create();
        await source.DisposeAsync();
        await source.DisposeAsync();
        var bench = Bench();
        ISource? used = null;

        await bench.RunAsync(expected: 3, change: spec => spec with { CreateSource = () => used = spec.CreateSource() });

        await used!.DisposeAsync();
    }

    [Fact]
    public void Its_waivers_name_tests_and_give_reasons() => TFixture.Waivers.Check(GetType());

    private static void AssertOrdered(SourceBench bench, Func<DataRecord, long> numberOf)
    {
        foreach (var split in bench.Collected.All.GroupBy(record => record.Split))
        {
            var numbers = split.Select(record => numberOf(record.Record)).ToList();
            Assert.Equal(numbers.Order(), numbers);
        }
    }

    private void AssertOrdered(SourceBench bench) => AssertOrdered(bench, Fixture.NumberOf);

    /// <summary>Each number is there once, the counters balance, and no batch is left over.</summary>
    private async Task AssertExactAsync(SourceBench bench, int count)
    {
        Assert.Equal(Enumerable.Range(1, count).Select(number => (long)number), NumbersOf(bench).Order());
        var totals = await bench.TotalsAsync();
        Assert.Equal((count, 0L), (totals.Delivered, totals.Unaccounted));
        Assert.Equal(0, bench.Pool.Lent);
    }

    private IEnumerable<long> NumbersOf(SourceBench bench) => bench.Collected.All.Select(record => Fixture.NumberOf(record.Record));

    private SourceBench Bench(Func<SourceConfig>? config = null, int workers = 1)
    {
        var bench = new SourceBench(TFixture.Catalogue, config ?? (() => Fixture.Config)) { Workers = workers };
        _benches.Add(bench);
        return bench;
    }

    private ISource Create()
    {
        var source = Engine.Configuration.SourceBinding.Bind("conformance", Fixture.Config, TFixture.Catalogue);
        return source.Definition.Create(source.Settings);
    }
}
