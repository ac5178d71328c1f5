using DataFlow.Connectors;
using DataFlow.UnitTests.Fakes;

namespace DataFlow.UnitTests.Connectors.Test;

public class TestSourceAllocationTests
{
    [Theory]
    [InlineData("User")]
    [InlineData("Event")]
    public async Task Generating_allocates_nothing_per_record(string type)
    {
        var options = new TestSourceOptions
        {
            RecordType = Enum.Parse<TestRecordType>(type),
            Audit = true,
            Nulls = 0.1,
            SchemaDrift = 0.1,
            Duplicates = 0.1,
        };
        var (few, many) = (await AllocatedAsync(options, 10_000), await AllocatedAsync(options, 20_000));

        // The runtime hands memory to threads in portions of 8 KB, so less than a byte per record is what can be seen.
        Assert.InRange(many - few, -10_000, 10_000);
    }

    private static async Task<long> AllocatedAsync(TestSourceOptions options, int records)
    {
        var context = new TestSourceContext { MostRecords = records, MostBytes = 1 << 24 };
        await using var source = TestSourceDefinition.Definition.Create(TestSourceRun.Settings(options));
        await using var batches = source.ReadAsync(context, CancellationToken.None).GetAsyncEnumerator();
        var before = 0L;
        for (var batch = 0; batch < 2; batch++)
        {
            // The first batch fills the pool.
            before = GC.GetAllocatedBytesForCurrentThread();
            Assert.True(await batches.MoveNextAsync());
            Assert.Equal(records, batches.Current.RowCount);
            batches.Current.Release();
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
