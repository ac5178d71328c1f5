using DataFlow.Connectors;
using DataFlow.UnitTests.Fakes;

namespace DataFlow.UnitTests.Connectors.Test;

public class TestSourceAllocationTests
{
    [Theory]
    [InlineData("User")]
    [InlineData("Event")]
    [InlineData("Order")]
    [InlineData("Sensor")]
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
        await AllocatedAsync(options, 1000);
        await AllocatedAsync(options, 2000);
        var (few, many) = (await AllocatedAsync(options, 1000), await AllocatedAsync(options, 2000));

        // A batch that ends between a record and its copy has no position object.
        Assert.InRange(many - few, -100, 100);
    }

    private static async Task<long> AllocatedAsync(TestSourceOptions options, int records)
    {
        var context = new TestSourceContext { MostRecords = records };
        await using var source = TestSourceDefinition.Definition.Create(TestSourceRun.Settings(options));
        await using var batches = source.ReadAsync(context, CancellationToken.None).GetAsyncEnumerator();
        var before = 0L;
        for (var batch = 0; batch < 4; batch++)
        {
            // The first batches fill the pool.
            before = batch == 2 ? GC.GetAllocatedBytesForCurrentThread() : before;
            Assert.True(await batches.MoveNextAsync());
            Assert.Equal(records, batches.Current.RowCount);
            batches.Current.Release();
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
