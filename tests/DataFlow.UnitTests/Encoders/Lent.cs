namespace DataFlow.UnitTests.Encoders;

/// <summary>Releases a batch at the end of a test.</summary>
internal sealed class Lent(RecordBatch batch) : IDisposable
{
    public RecordBatch Batch => batch;

    public void Dispose() => batch.Release();
}
