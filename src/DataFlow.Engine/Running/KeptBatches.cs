namespace DataFlow.Engine;

/// <summary>
/// Batches of a source that can't replay: kept until their commit is durable, so that the next attempt can write them again.
/// For a source that can replay nothing is kept: its position is the buffer.
/// </summary>
internal sealed class KeptBatches(bool keep)
{
    private readonly List<InFlightBatch> _written = [];
    private readonly List<InFlightBatch> _unwritten = [];

    /// <summary>Memory held, in bytes.</summary>
    public long Bytes { get; private set; }

    /// <summary>True for a source that can't replay: whatever it has yielded must be handed in.</summary>
    public bool Keeps => keep;

    /// <summary>True when nothing waits to be written again.</summary>
    public bool IsEmpty => _written.Count + _unwritten.Count == 0;

    /// <summary>Records that wait to be written again.</summary>
    public long Records => _written.Concat(_unwritten).Sum(batch => (long)batch.Records);

    /// <summary>The batch was written; its commit is still to come.</summary>
    public void Written(InFlightBatch batch) => ReleaseOrKeep(batch, _written);

    /// <summary>The attempt has ended before the batch was written.</summary>
    public void Unwritten(InFlightBatch batch) => ReleaseOrKeep(batch, _unwritten);

    /// <summary>What was written is durable.</summary>
    public void Committed()
    {
        foreach (var batch in _written)
        {
            Bytes -= batch.Footprint;
            batch.Release();
        }

        _written.Clear();
    }

    /// <summary>Everything that is not durable, in order, to be written again.</summary>
    public IReadOnlyList<InFlightBatch> TakeAll()
    {
        InFlightBatch[] all = [.. _written, .. _unwritten];
        _written.Clear();
        _unwritten.Clear();
        Bytes = 0;
        return all;
    }

    /// <summary>The run is over: nobody will write what is left.</summary>
    public void Discard()
    {
        foreach (var batch in TakeAll())
        {
            batch.Release();
        }
    }

    private void ReleaseOrKeep(InFlightBatch batch, List<InFlightBatch> list)
    {
        if (!keep)
        {
            batch.Release();
            return;
        }

        batch.DropEncoded();
        list.Add(batch);
        Bytes += batch.Footprint;
    }
}
