using System.Text;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Json;

/// <summary>Runs alone: the counter is that of the process.</summary>
[CollectionDefinition(nameof(NdjsonAllocationTests), DisableParallelization = true)]
[Collection(nameof(NdjsonAllocationTests))]
public class NdjsonAllocationTests
{
    [Theory]
    [InlineData("{\"id\":1,\"name\":\"a\",\"tags\":[1,2],\"where\":{\"x\":null}}\n")]
    [InlineData("{\"id\":1,\"a\":\"\\n\"}\r\n{\"a\":1,\"id\":2}\n{\"b\":1,\"a\":1}\n[1]\n")]
    [InlineData("no json at all\n{\"a\":1,\"a\":2}\n")]
    public void Records_cost_no_allocation(string lines)
    {
        var bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(lines, 2000)));
        var reader = new NdjsonRecordReader(NdjsonStream.Json);
        var pool = new BatchPool();
        Allocated(reader, pool, bytes, 4);

        var once = Allocated(reader, pool, bytes, 10);
        var twice = Allocated(reader, pool, bytes, 20);

        var perRecord = (double)(twice - once) / (10 * 2000 * lines.Count(character => character == '\n'));
        Assert.True(perRecord < 1, $"{perRecord:F1} bytes per record");
    }

    private static long Allocated(NdjsonRecordReader reader, BatchPool pool, byte[] bytes, int batches)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var count = 0; count < batches; count++)
        {
            var batch = pool.Rent(bytes.Length);
            batch.Append(bytes);
            reader.Read(batch, isFinal: true, int.MaxValue);
            batch.Release();
        }

        return GC.GetTotalAllocatedBytes(precise: true) - before;
    }
}
