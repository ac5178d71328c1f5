using System.Text;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Csv;

public class CsvAllocationTests
{
    private const string Rows = "1,Alice,\"a, \"\"b\"\"\",\u00E9\r\n2,Bob,plain,\"x\"\r\n";

    [Theory]
    [InlineData(",", false)]
    [InlineData(",", true)]
    [InlineData(";;", false)]
    public void Reading_allocates_nothing_per_record(string delimiter, bool frame)
    {
        var text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(Rows, 5_000)).Replace(",", delimiter, StringComparison.Ordinal));
        var pool = new BatchPool();
        var reader = new CsvRecordReader(new FormatOptions { Delimiter = delimiter });
        reader.Restore(new ReaderState(1, ["a", "b", "c", "d"]));
        var (half, whole) = (long.MaxValue, long.MaxValue);
        for (var round = 0; round < 5; round++)
        {
            // The least of several rounds: the first ones fill the pool.
            half = Math.Min(half, Allocated(text.Length / 2));
            whole = Math.Min(whole, Allocated(text.Length));
        }

        Assert.InRange(whole - half, -2000, 2000);

        long Allocated(int length)
        {
            var batch = pool.Rent(text.Length);
            batch.Append(text.AsSpan(0, length));
            var before = GC.GetAllocatedBytesForCurrentThread();
            var consumed = frame ? reader.Frame(batch, isFinal: true, int.MaxValue) : reader.Read(batch, isFinal: true, int.MaxValue);
            batch.Resolve();
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.Equal(length, consumed);
            Assert.True(batch.RowCount >= 5_000);
            batch.Release();
            return allocated;
        }
    }
}
