namespace DataFlow.Formats;

/// <summary>Puts a piece of the buffer that is no record among the batch's errors.</summary>
internal static class BadRecord
{
    /// <summary>Adds the error with identity, split and the bytes as they were read.</summary>
    /// <param name="batch">Has its Identity and PositionBase.</param>
    /// <param name="start">Where the record starts in the buffer: its position, and so its DeliveryId.</param>
    /// <param name="length">Its length; what exceeds <see cref="RecordError.MaxRawBytes"/> is not kept.</param>
    /// <param name="line">Its physical line, 1-based.</param>
    /// <param name="reason">A short stable code.</param>
    /// <param name="message">A sentence for people.</param>
    public static void Add(RecordBatch batch, int start, int length, long line, string reason, string message)
    {
        var identity = batch.Identity ?? throw new InvalidOperationException("The source gave the batch no identity.");
        var raw = batch.Data.AsSpan(start, Math.Min(length, RecordError.MaxRawBytes)).ToArray();
        batch.AddError(new RecordError(
            identity.At(batch.PositionBase + start), RecordError.Stages.Source, reason, message, raw, identity.Split, line));
    }
}
