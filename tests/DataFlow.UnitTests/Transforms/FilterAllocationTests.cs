using DataFlow.Transforms;

namespace DataFlow.UnitTests.Transforms;

public class FilterAllocationTests
{
    [Theory]
    [InlineData("type = 'purchase'")]
    [InlineData("type LIKE '%_chase' OR amount BETWEEN 1 AND 2.5")]
    [InlineData("note <> type AND NOT note IN ('a', 'b', 'c')")]
    [InlineData("@line_number > 5 AND @file LIKE 'x%'")]
    public void Filtering_allocates_nothing_per_record(string condition)
    {
        var filter = new FilterTransform(new FilterOptions { Condition = condition });
        var pool = new BatchPool();
        var small = Batch(pool, 10_000);
        var large = Batch(pool, 20_000);
        Allocated(filter, small);
        Allocated(filter, large);

        // The runtime hands memory to threads in portions of 8 KB, so less than a byte per record is what can be seen.
        Assert.InRange(Allocated(filter, large) - Allocated(filter, small), -10_000, 10_000);
        small.Release();
        large.Release();
        Assert.Equal(0, pool.Lent);
    }

    private static long Allocated(FilterTransform filter, RecordBatch batch)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        filter.Apply(batch);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        // All rows again, in a selection large enough, so that each round filters as many.
        batch.Select([.. Enumerable.Range(0, batch.RowCount)]);
        return allocated;
    }

    private static RecordBatch Batch(BatchPool pool, int rows)
    {
        var batch = Batches.Of(
            pool,
            ["type", "amount", "note"],
            [.. Enumerable.Range(0, rows).Select(row =>
                new object?[] { row % 8 == 0 ? "purchase" : "view", Batches.Raw("2.50"), Batches.Escaped("\\u0041") })]);
        batch.Metadata.Set("file", "x.ndjson").SetNumbers("line_number", static (records, row) => records.LineOf(row));
        return batch;
    }
}
