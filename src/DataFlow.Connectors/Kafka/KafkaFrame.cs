using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DataFlow.Connectors;

/// <summary>
/// What is known about a message besides its value, as it stands in a batch's buffer: this frame, the key, the headers, the
/// distance back to the frame, and then the value, where the row starts.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct KafkaFrame
{
    /// <summary>Length of a key, value or header value that is null.</summary>
    public const int Null = -1;

    public long Offset;

    /// <summary>Unix milliseconds; -1 when the message has none.</summary>
    public long Timestamp;
    public int KeyLength;
    public int HeadersLength;
    public int ValueLength;
    public int LeaderEpoch;

    /// <summary>0: none, 1: set by the producer, 2: set by the broker.</summary>
    public int TimestampType;

    public static int Size => Unsafe.SizeOf<KafkaFrame>();

    public readonly int KeyBytes => Math.Max(0, KeyLength);

    public readonly int ValueBytes => Math.Max(0, ValueLength);

    /// <summary>Appends a message to a batch.</summary>
    public static void Append(RecordBatch batch, in KafkaFrame frame, ReadOnlySpan<byte> key, ReadOnlySpan<byte> headers, ReadOnlySpan<byte> value)
    {
        var room = Size + key.Length + headers.Length + sizeof(int) + value.Length;
        batch.EnsureCapacity(batch.Length + room);
        var target = batch.Data.AsSpan(batch.Length, room);
        MemoryMarshal.Write(target, in frame);
        target = target[Size..];
        key.CopyTo(target);
        headers.CopyTo(target[key.Length..]);
        target = target[(key.Length + headers.Length)..];
        MemoryMarshal.Write(target, Size + key.Length + headers.Length + sizeof(int));
        value.CopyTo(target[sizeof(int)..]);
        batch.Length += room;
    }

    /// <summary>The frame that starts at a place of the buffer.</summary>
    public static ref readonly KafkaFrame At(RecordBatch batch, int start) =>
        ref MemoryMarshal.AsRef<KafkaFrame>(batch.Data.AsSpan(start, Size));

    /// <summary>Where the frame of a row starts.</summary>
    public static int StartOf(RecordBatch batch, int row) => FrameBefore(batch, batch.StartOf(row));

    /// <summary>Where the frame of a value starts.</summary>
    public static int FrameBefore(RecordBatch batch, int value) =>
        value - MemoryMarshal.Read<int>(batch.Data.AsSpan(value - sizeof(int)));

    /// <summary>Where the value of the frame at a place starts.</summary>
    public static int ValueStart(RecordBatch batch, int start)
    {
        ref readonly var frame = ref At(batch, start);
        return start + Size + frame.KeyBytes + frame.HeadersLength + sizeof(int);
    }
}
