using System.Runtime.CompilerServices;

namespace DataFlow.Formats;

/// <summary>Writes one row as bytes.</summary>
internal unsafe interface IRowWriter
{
    /// <summary>Writes a row.</summary>
    /// <param name="row">0-based physical row.</param>
    /// <param name="output">Where to write; <see cref="RecordBatch.Slack"/> bytes beyond the end may be overwritten.</param>
    /// <param name="end">Where the room ends.</param>
    /// <returns>The end of what was written, or null when there is not enough room: the row is written again, with more.</returns>
    byte* Write(int row, byte* output, byte* end);
}

/// <summary>Runs a row writer over rows and finds room for what it writes.</summary>
internal static unsafe class RowWriter
{
    private const int LargestRow = 1 << 29;

    /// <summary>Writes the visible rows <paramref name="from"/> to <paramref name="to"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WriteRows<TWriter>(RecordBatch batch, int from, int to, EncodedBatch output, int estimate, ref TWriter writer)
        where TWriter : struct, IRowWriter
    {
        var index = from;
        var refused = output.Refused.Count;
        while (index < to)
        {
            var room = output.Reserve(estimate);
            fixed (byte* start = room)
            {
                var at = start;
                var end = start + room.Length - RecordBatch.Slack;
                while (index < to)
                {
                    var next = writer.Write(batch.RowAt(index), at, end);
                    if (next is null)
                    {
                        break;
                    }

                    at = next;
                    index++;
                }

                output.Advance((int)(at - start));
                if (index < to && at == start && room.Length > LargestRow)
                {
                    output.Refuse(batch.RowAt(index++), "too-large", "The record takes more than 512 MiB when it is written.");
                }

                estimate = (int)Math.Min(Math.Max(estimate, end - at) * 2L, LargestRow);
            }
        }

        output.Rows += to - from - (output.Refused.Count - refused);
    }

    /// <summary>Bytes that some rows of a batch will probably take, so that one reservation is enough.</summary>
    public static int Estimate(RecordBatch batch, int rows, int bytesPerRow)
    {
        var values = (batch.Length + (long)batch.Overlay.Length) * rows / Math.Max(1, batch.RowCount);
        return (int)Math.Min(values + ((long)rows * bytesPerRow) + 256, LargestRow);
    }
}
