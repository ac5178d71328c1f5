using System.Text;
using DataFlow.Connectors;
using DataFlow.UnitTests.Fakes;

namespace DataFlow.UnitTests.Connectors.Test;

/// <summary>Runs the test source and keeps what it gave.</summary>
internal sealed class TestSourceRun
{
    /// <summary>The rows as they stand in the buffers.</summary>
    public List<string> Lines { get; } = [];

    public List<DataRecord> Records { get; } = [];

    public List<RecordError> Errors { get; } = [];

    /// <summary>Rows and errors per batch.</summary>
    public List<int> BatchSizes { get; } = [];

    /// <summary>The offset that each batch has reached; null where no restart point follows it.</summary>
    public List<long?> Offsets { get; } = [];

    public SourceShare Share { get; init; } = SourceShare.Whole;

    public static SourceSettings Settings(TestSourceOptions options) => new()
    {
        PipelineId = "pipeline-1",
        Connection = "test",
        ConfiguredConnection = "test",
        Options = options,
        BaseDirectory = "/",
    };

    public static async Task<TestSourceRun> ReadAsync(TestSourceOptions options, TestSourceContext? context = null, int batches = int.MaxValue)
    {
        var run = new TestSourceRun();
        await run.GoOnAsync(options, context ?? new TestSourceContext(), batches);
        return run;
    }

    /// <summary>
    /// Reads from the context's positions to the end, or to the first restart point after a number of batches. Commits every
    /// batch, and asserts that nothing leaked.
    /// </summary>
    /// <returns>True when there was something to read.</returns>
    public async Task<bool> GoOnAsync(TestSourceOptions options, TestSourceContext context, int batches = int.MaxValue)
    {
        var before = BatchSizes.Count;
        await using (var source = TestSourceDefinition.Definition.Create(Settings(options) with { Share = Share }))
        {
            await foreach (var batch in source.ReadAsync(context, CancellationToken.None))
            {
                Add(batch);
                context.Commit(batch);
                var isRestartPoint = batch.Advances.Count > 0;
                batch.Release();
                if (isRestartPoint && BatchSizes.Count - before >= batches)
                {
                    break;
                }
            }
        }

        Assert.Equal(0, context.Pool.Lent);
        return BatchSizes.Count > before;
    }

    private void Add(RecordBatch batch)
    {
        BatchSizes.Add(batch.Count + batch.Errors.Count);
        Offsets.Add(batch.Advances.Count == 0 ? null : batch.Advances[^1].Position.Offset);
        Errors.AddRange(batch.Errors);
        for (var index = 0; index < batch.Count; index++)
        {
            var row = batch.RowAt(index);
            Lines.Add(Encoding.UTF8.GetString(batch.RawRow(row)));
            Records.Add(DataRecord.From(batch, row));
        }
    }
}
