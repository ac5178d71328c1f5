using DataFlow.Engine.Telemetry;
using DataFlow.UnitTests.Formats.Json;

namespace DataFlow.UnitTests.Telemetry;

/// <summary>Runs alone: what listens to the meter in a test beside it would allocate here.</summary>
[Collection(nameof(NdjsonAllocationTests))]
public sealed class PipelineMetricsAllocationTests
{
    [Fact]
    public void Counting_a_batch_allocates_nothing()
    {
        using var unheard = new PipelineMeter();
        using var metrics = unheard.Start("users", "file", TimeProvider.System);
        var batch = new BatchPool().Rent(100);
        batch.Begin(RecordSchema.Empty, 1);
        batch.AddRow(0, 0);
        metrics.CountBatch(batch, TimeSpan.Zero);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            metrics.CountBatch(batch, TimeSpan.Zero);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        batch.Release();
    }
}
