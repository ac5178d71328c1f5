namespace DataFlow.Engine;

/// <summary>
/// Batches of a source that can't replay: kept until their commit is durable, so that the next attempt can write them again.
/// For a source that can replay nothing is kept: its position is the buffer.
/// </summary>
internal sealed class KeptBatches(bool keep)
{
    private readonly List<InFlightBatch> _batches = [];

    /// <summary>Memory held, in bytes.</summary>
    public long Bytes { get; private set; }

    /// <summary>The batch was written, or its attempt has ended before that.</summary>
    public void ReleaseOrKeep(InFlightBatch batch)
    {
        if (!keep)
        {
            batch.Release();
            return;
        }

        batch.DropEncoded();
        _batches.Add(batch);
        Bytes += batch.Footprint;
    }

    /// <summary>What was written is durable.</summary>
    public void Committed()
    {
        _batches.ForEach(batch => batch.Release());
        _batches.Clear();
        Bytes = 0;
    }

    /// <summary>Everything that is not durable, in order, to be written again.</summary>
    public IReadOnlyList<InFlightBatch> TakeAll()
    {
        InFlightBatch[] all = [.. _batches];
        _batches.Clear();
        Bytes = 0;
        return all;
    }
}
