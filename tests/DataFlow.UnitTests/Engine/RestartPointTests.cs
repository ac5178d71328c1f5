using System.Runtime.CompilerServices;
using DataFlow.Conformance;
using DataFlow.Engine;

namespace DataFlow.UnitTests.Engine;

/// <summary>Pages and transactions: groups of batches of which only the last one can be gone on after.</summary>
public sealed class RestartPointTests
{
    private const int Pages = 3;
    private const int BatchesOfAPage = 4;

    private readonly EngineBench _bench = new(ledger: new LedgerSink.Ledger { RefusedDigit = -1 });
    private int _failAfter = int.MaxValue;
    private CancellationTokenSource? _stopAfter;

    [Fact]
    public async Task A_page_that_a_failure_cuts_is_read_again_as_a_whole()
    {
        for (var failAfter = 1; failAfter <= Pages * BatchesOfAPage; failAfter++)
        {
            var test = new RestartPointTests { _failAfter = failAfter };

            Assert.NotNull((await test.RunAsync()).Error);
            test._failAfter = int.MaxValue;
            var outcome = await test.RunAsync();

            Assert.Null(outcome.Error);
            Assert.Equal(Enumerable.Range(0, Pages * BatchesOfAPage), test._bench.Ledger.Values);
            Assert.Equal((12L, 12L, 0L), (outcome.Totals.Read, outcome.Totals.Delivered, outcome.Totals.Unaccounted));
        }
    }

    [Fact]
    public async Task A_page_that_a_stop_cuts_is_read_again_as_a_whole()
    {
        for (var stopAfter = 1; stopAfter < Pages * BatchesOfAPage; stopAfter++)
        {
            using var stop = new CancellationTokenSource();
            var test = new RestartPointTests { _failAfter = stopAfter, _stopAfter = stop };

            var stopped = await test.RunAsync(stop.Token);
            test._failAfter = int.MaxValue;
            await test.RunAsync();

            Assert.Equal((RunState.Stopped, stopAfter / BatchesOfAPage * BatchesOfAPage), (stopped.State, (int)stopped.Run.Delivered));
            Assert.Equal(Enumerable.Range(0, Pages * BatchesOfAPage), test._bench.Ledger.Values);
        }
    }

    [Fact]
    public async Task What_a_source_without_any_position_has_read_to_the_end_is_delivered()
    {
        var outcome = await _bench.RunAsync(spec => spec with
        {
            CreateSource = () => new ScriptedSource((context, _) => OneScanAsync(context)),
            SourceCapabilities = new SourceCapabilities(Replayable: true),
        });

        Assert.Equal((RunState.Completed, 5L), (outcome.State, outcome.Run.Delivered));
    }

    [Fact]
    public async Task Records_that_a_full_buffer_gave_up_are_counted_as_read_and_dropped()
    {
        var outcome = await _bench.RunAsync(spec => spec with
        {
            CreateSource = () => new ScriptedSource((context, _) => DroppingAsync(context)),
            SourceCapabilities = new SourceCapabilities(Replayable: false),
        });

        Assert.Equal((8L, 5L, 3L, 0L), (outcome.Run.Read, outcome.Run.Delivered, outcome.Run.Dropped, outcome.Run.Unaccounted));
    }

    private Task<PipelineOutcome> RunAsync(CancellationToken stop = default) => _bench.RunAsync(
        spec => spec with
        {
            CreateSource = () => new ScriptedSource(PagesAsync),
            SourceCapabilities = new SourceCapabilities(Replayable: true),
        },
        stop);

    private async IAsyncEnumerable<RecordBatch> PagesAsync(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
    {
        var sent = 0;
        for (var next = ScriptedSource.Start(context, "pages"); next < Pages * BatchesOfAPage && !stop.IsCancellationRequested; next++)
        {
            await Task.Yield();
            yield return ScriptedSource.Batch(context, "pages", next, next + 1, advances: next % BatchesOfAPage == BatchesOfAPage - 1);
            if (++sent < _failAfter)
            {
                continue;
            }

            if (_stopAfter is null)
            {
                throw ConnectorException.User("The connection is gone.");
            }

            await _stopAfter.CancelAsync();
        }
    }

    private static async IAsyncEnumerable<RecordBatch> OneScanAsync(SourceContext context)
    {
        await Task.Yield();
        yield return ScriptedSource.Batch(context, "scan", 0, 3, advances: false);
        yield return ScriptedSource.Batch(context, "scan", 3, 5, advances: false);
    }

    private static async IAsyncEnumerable<RecordBatch> DroppingAsync(SourceContext context)
    {
        await Task.Yield();
        var batch = ScriptedSource.Batch(context, "socket", 0, 5, advances: false);
        batch.Dropped = 3;
        yield return batch;
    }
}
