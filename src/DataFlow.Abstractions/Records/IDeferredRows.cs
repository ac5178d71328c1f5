namespace DataFlow;

/// <summary>Turns a framed buffer into rows, on whichever worker owns the batch. Must be safe to use from several threads at once.</summary>
public interface IDeferredRows
{
    /// <summary>Parses <see cref="RecordBatch.Data"/> up to <see cref="RecordBatch.Length"/>, which ends at a record's end.</summary>
    void Parse(RecordBatch batch);
}
