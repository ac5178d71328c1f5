namespace DataFlow.Formats;

/// <summary>
/// Reads a stream that is one JSON array: each element is a record, as if it stood on a line of its own. Elements are read
/// one at a time; the array may be larger than memory.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>An element is read when a byte follows it. An array that ends without <c>]</c> is an error at the end of the stream.</item>
/// <item>
/// From an element that is no valid JSON on, the rest of the array is one bad record: without its commas nothing in it can be
/// trusted.
/// </item>
/// <item>
/// An element with more than 64 objects and arrays inside each other, with too many fields or too many bytes costs that
/// element only.
/// </item>
/// <item>An element that is no object is a record with the one field <c>value</c>.</item>
/// <item>A stream without anything but white space has no records.</item>
/// </list>
/// </remarks>
public sealed class JsonArrayRecordReader : IRecordReader
{
    private readonly JsonDocumentStream _stream;

    /// <summary>Creates a reader at the start of a stream.</summary>
    public JsonArrayRecordReader(FormatOptions options) => _stream = new JsonDocumentStream(options, isArray: true);

    /// <inheritdoc/>
    public ReaderState State => _stream.State;

    /// <inheritdoc/>
    public int Read(RecordBatch batch, bool isFinal, int maxRecords) => _stream.Read(batch, isFinal, maxRecords);

    /// <inheritdoc/>
    /// <remarks>Always -1: where an element ends is known only after it was read.</remarks>
    public int Frame(RecordBatch batch, bool isFinal, int maxRecords) => -1;

    /// <inheritdoc/>
    public void Restore(ReaderState state) => _stream.Restore(state);
}
