namespace DataFlow;

/// <summary>
/// Changes batches: selects rows, projects columns, computes values. Pure and synchronous: no I/O, no clock, no state from
/// one batch to the next, so that batches may be transformed on several workers at once and a replay gives the same.
/// </summary>
public interface ITransform
{
    /// <summary>Transforms a batch. Ownership moves in and the result's moves out; usually they are the same object.</summary>
    RecordBatch Apply(RecordBatch batch);
}
