using System.Text;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Text;

public class TextAllocationTests
{
    [Fact]
    public void Reading_allocates_nothing_per_record()
    {
        var line = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("2026-01-01 INFO caf\u00E9 opened\r\n", 20_000)));
        var pool = new BatchPool();
        var reader = new TextRecordReader(new FormatOptions { Format = RecordFormat.Text });
        for (var warmUp = 0; warmUp < 3; warmUp++)
        {
            Allocated(line.Length / 2);
            Allocated(line.Length);
        }

        var half = Allocated(line.Length / 2);
        var whole = Allocated(line.Length);

        Assert.InRange(whole - half, -2000, 2000);

        long Allocated(int length)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var batch = pool.Rent(line.Length);
            batch.Append(line.AsSpan(0, length));
            reader.Read(batch, isFinal: true, int.MaxValue);
            Assert.True(batch.RowCount >= 10_000);
            batch.Release();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }
}
