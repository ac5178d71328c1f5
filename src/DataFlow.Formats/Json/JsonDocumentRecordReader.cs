namespace DataFlow.Formats;

/// <summary>
/// Reads a stream that is one JSON value over any number of lines: one record. Several values one after the other, with or
/// without white space between them, are one record each.
/// </summary>
/// <remarks>
/// From a value that is no valid JSON on, the rest of the stream is one bad record. Otherwise as
/// <see cref="JsonArrayRecordReader"/> reads the elements of an array.
/// </remarks>
public sealed class JsonDocumentRecordReader : IRecordReader
{
    private readonly JsonDocumentStream _stream;

    /// <summary>Creates a reader at the start of a stream.</summary>
    public JsonDocumentRecordReader(FormatOptions options) => _stream = new JsonDocumentStream(options, isArray: false);

    /// <inheritdoc/>
    public ReaderState State => _stream.State;

    /// <inheritdoc/>
    public int Read(RecordBatch batch, bool isFinal, int maxRecords) => _stream.Read(batch, isFinal, maxRecords);

    /// <inheritdoc/>
    /// <remarks>Always -1: where a value ends is known only after it was read.</remarks>
    public int Frame(RecordBatch batch, bool isFinal, int maxRecords) => -1;

    /// <inheritdoc/>
    public void Restore(ReaderState state) => _stream.Restore(state);
}
