using System.Text;

namespace DataFlow.UnitTests.Formats;

/// <summary>A batch with filled buffer and identity, given back at the end of the test.</summary>
internal sealed class LentBatch : IDisposable
{
    private readonly BatchPool _pool = new();

    public LentBatch(string text)
        : this(Encoding.UTF8.GetBytes(text))
    {
    }

    public LentBatch(ReadOnlySpan<byte> bytes)
    {
        Batch = _pool.Rent(bytes.Length);
        Batch.Append(bytes);
        Batch.Identity = new RecordIdentity("test", "split");
    }

    public RecordBatch Batch { get; }

    public void Dispose() => Batch.Release();
}
