namespace DataFlow.Transforms;

/// <summary>What becomes a dead letter when a transform can't let a record pass.</summary>
internal static class RefusedRecord
{
    /// <summary>The error of a row, with the bytes and the place that it was read from.</summary>
    public static RecordError Of(RecordBatch batch, int row, string reason, string message) => new(
        batch.Identity is null ? Guid.Empty : batch.DeliveryIdOf(row),
        RecordError.Stages.Transform,
        reason,
        message,
        batch.LetterOf(row),
        batch.Identity?.Split ?? "",
        batch.FirstLine > 0 ? batch.LineOf(row) : batch.PositionOf(row));
}
