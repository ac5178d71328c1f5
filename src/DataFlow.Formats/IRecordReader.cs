namespace DataFlow.Formats;

/// <summary>
/// Turns the bytes of a stream into rows, a buffer at a time. No I/O. One reader reads one stream, in order; not
/// thread-safe, except for what <see cref="Frame"/> defers.
/// </summary>
/// <remarks>
/// The caller fills <see cref="RecordBatch.Data"/> (UTF-8, BOM stripped) and its Length, sets FirstLine nowhere (the reader
/// does), and calls <see cref="Read"/> or <see cref="Frame"/>. Bytes that were not consumed are the start of the next
/// buffer. When nothing was consumed the caller must come back with more bytes, or with <c>isFinal</c>.
/// </remarks>
public interface IRecordReader
{
    /// <summary>What is needed to go on reading at the current byte after a restart.</summary>
    ReaderState State { get; }

    /// <summary>
    /// Parses complete records from the start of the buffer, sets the batch's schema, rows, first line, id column, errors and
    /// outcomes, and trims the batch's Length to the consumed bytes.
    /// </summary>
    /// <param name="batch">An empty batch whose buffer is filled. Its Identity and PositionBase are set, so that errors get their DeliveryId.</param>
    /// <param name="isFinal">No bytes follow these: the last record may lack its separator.</param>
    /// <param name="maxRecords">Most rows and errors to take.</param>
    /// <returns>Bytes consumed; the reader's <see cref="State"/> stands after them.</returns>
    /// <exception cref="ConnectorException">A policy says <c>fail</c>; the message says where and what was found.</exception>
    int Read(RecordBatch batch, bool isFinal, int maxRecords);

    /// <summary>
    /// As <see cref="Read"/>, but only finds where the batch ends and defers the parsing to the batch's worker
    /// (<see cref="RecordBatch.Defer"/>). The result is the same as that of <see cref="Read"/>, row for row.
    /// </summary>
    /// <returns>Bytes consumed, or -1 when this buffer must be read in sequence: call <see cref="Read"/>.</returns>
    int Frame(RecordBatch batch, bool isFinal, int maxRecords);

    /// <summary>Goes on where a reader with this state stopped.</summary>
    void Restore(ReaderState state);
}

/// <summary>Where a reader stands in its stream.</summary>
/// <param name="Line">Physical lines consumed so far, header and blank lines included. The next line's number is one more.</param>
/// <param name="Header">The header row's names, or null when there is none or it was not read yet.</param>
/// <param name="IsRestartPoint">False in the middle of something that can't be entered there: an overlong line that is being skipped.</param>
public readonly record struct ReaderState(long Line, IReadOnlyList<string>? Header = null, bool IsRestartPoint = true)
{
    /// <summary>Records consumed so far, for formats whose state is more than lines (elements of a JSON array).</summary>
    public long Records { get; init; }
}
