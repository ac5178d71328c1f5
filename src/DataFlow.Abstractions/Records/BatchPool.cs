using System.Collections.Concurrent;
using System.Numerics;

namespace DataFlow;

/// <summary>
/// The arrays behind batches, lent and taken back. Capacities are powers of two and every array is kept by its own
/// capacity; what exceeds the bound goes to the garbage collector. Thread-safe. One per process is enough:
/// <see cref="Shared"/>.
/// </summary>
public sealed class BatchPool
{
    private readonly ConcurrentQueue<byte[]>[] _bytes = Buckets<byte>();
    private readonly ConcurrentQueue<FieldRef[]>[] _refs = Buckets<FieldRef>();
    private readonly ConcurrentQueue<int[]>[] _ints = Buckets<int>();
    private readonly ConcurrentQueue<long[]>[] _longs = Buckets<long>();
    private readonly ConcurrentQueue<RecordBatch> _batches = new();
    private readonly long _maxRetainedBytes;
    private long _retained;
    private int _lent;

    /// <summary>Creates a pool.</summary>
    /// <param name="maxRetainedBytes">Most memory that idle arrays may hold, in bytes.</param>
    public BatchPool(long maxRetainedBytes = 64L << 20) => _maxRetainedBytes = maxRetainedBytes;

    /// <summary>The pool of the process.</summary>
    public static BatchPool Shared { get; } = new();

    /// <summary>Batches that are lent and not yet given back: zero when every pipeline is idle.</summary>
    public int Lent => Volatile.Read(ref _lent);

    /// <summary>Lends an empty batch. The caller owns it.</summary>
    /// <param name="dataCapacity">Bytes that its buffer takes at least.</param>
    public RecordBatch Rent(int dataCapacity)
    {
        if (!_batches.TryDequeue(out var batch))
        {
            batch = new RecordBatch(this);
        }

        Interlocked.Increment(ref _lent);
        batch.Lend(dataCapacity);
        return batch;
    }

    /// <summary>Lends a byte array of at least the given length. Its content is undefined.</summary>
    public byte[] RentBytes(int length) =>
        Take(_bytes, length, sizeof(byte)) ?? GC.AllocateUninitializedArray<byte>(Capacity(length), pinned: true);

    /// <summary>Takes an array back that <see cref="RentBytes"/> lent. An empty array is ignored.</summary>
    public void Return(byte[] array) => Give(_bytes, array, sizeof(byte));

    internal FieldRef[] RentRefs(int length) => Take(_refs, length, 8) ?? GC.AllocateUninitializedArray<FieldRef>(Capacity(length), pinned: true);

    internal int[] RentInts(int length) => Take(_ints, length, sizeof(int)) ?? GC.AllocateUninitializedArray<int>(Capacity(length), pinned: true);

    internal long[] RentLongs(int length) =>
        Take(_longs, length, sizeof(long)) ?? GC.AllocateUninitializedArray<long>(Capacity(length), pinned: true);

    internal void Return(FieldRef[] array) => Give(_refs, array, 8);

    internal void Return(int[] array) => Give(_ints, array, sizeof(int));

    internal void Return(long[] array) => Give(_longs, array, sizeof(long));

    internal int[] Resize(int[] array, int used, int length)
    {
        var larger = RentInts(length);
        Array.Copy(array, larger, used);
        Return(array);
        return larger;
    }

    internal void Return(RecordBatch batch)
    {
        batch.Reset();
        Interlocked.Decrement(ref _lent);
        if (_batches.Count < 64)
        {
            _batches.Enqueue(batch);
        }
    }

    private static int Capacity(int length) => (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(length, 64));

    private static ConcurrentQueue<T[]>[] Buckets<T>() => [.. Enumerable.Range(0, 32).Select(_ => new ConcurrentQueue<T[]>())];

    private T[]? Take<T>(ConcurrentQueue<T[]>[] buckets, int length, int size)
    {
        if (!buckets[BitOperations.Log2((uint)Capacity(length))].TryDequeue(out var array))
        {
            return null;
        }

        Interlocked.Add(ref _retained, -(long)array.Length * size);
        return array;
    }

    private void Give<T>(ConcurrentQueue<T[]>[] buckets, T[] array, int size)
    {
        if (array.Length == 0)
        {
            return;
        }

        var bytes = (long)array.Length * size;
        if (Interlocked.Add(ref _retained, bytes) > _maxRetainedBytes)
        {
            Interlocked.Add(ref _retained, -bytes);
            return;
        }

        buckets[BitOperations.Log2((uint)array.Length)].Enqueue(array);
    }
}
