using System.Buffers;

namespace DataFlow.Formats;

/// <summary>
/// Makes rows of JSON values that stand one by one in a batch's buffer, each a message of its own: checked against RFC 8259, kept
/// as the tokens that were written. Not thread-safe; serves one batch after the other and keeps what it knows about keys.
/// </summary>
/// <param name="maxFields">Most fields per row.</param>
public sealed class JsonMessageRows(int maxFields)
{
    private static readonly SearchValues<byte> LineBreaks = SearchValues.Create("\r\n"u8);

    private readonly JsonRowParser _parser = new(maxFields);
    private RecordBatch? _batch;

    /// <summary>What the last message lacked: a sentence without its end, with the byte counted from 1.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>A short stable code for <see cref="Problem"/>: <c>invalid-json</c>, <c>too-deep</c> or <c>too-many-fields</c>.</summary>
    public string Reason { get; private set; } = "";

    /// <summary>Starts an empty batch whose buffer is filled.</summary>
    /// <param name="batch">Its rows are the ones to come.</param>
    /// <param name="rows">Expected number of rows.</param>
    public void Begin(RecordBatch batch, int rows)
    {
        _batch = batch;
        _parser.Begin(batch, rows, long.MaxValue);
    }

    /// <summary>Adds a row for a message, unless it is no JSON value or has too many fields.</summary>
    /// <param name="start">Where the message starts in the buffer; the row's raw bytes are the whole message.</param>
    /// <param name="length">Its length in bytes. They must be valid UTF-8.</param>
    /// <returns>False when no row was added: see <see cref="Problem"/>.</returns>
    public bool TryAdd(int start, int length)
    {
        var batch = Current;
        if (!_parser.TryParseRow(start, length, 0))
        {
            Describe(start, length);
            return false;
        }

        // Outside of strings, where JSON allows no line break, one is white space: as a space the row fits on one line.
        var value = batch.Data.AsSpan(start, length);
        value.ReplaceAny(LineBreaks, (byte)' ');
        var row = batch.RowCount - 1;
        batch.RowStarts[row] = start;
        batch.RowLengths[row] = length;
        return true;
    }

    /// <summary>Completes the batch: its schema, id column and outcomes.</summary>
    public void Finish()
    {
        _parser.Finish();
        _batch = null;
    }

    private RecordBatch Current => _batch ?? throw new InvalidOperationException("No batch was begun.");

    private void Describe(int start, int length)
    {
        var at = _parser.FaultAt - start;
        (Reason, Problem) = _parser.Fault switch
        {
            JsonFault.TooManyFields => ("too-many-fields", $"the object has more than {maxFields} fields"),
            JsonFault.TooDeep => ("too-deep", Sentence()),
            _ => ("invalid-json", Sentence()),
        };

        string Sentence() => $"byte {at + 1}: {JsonFaults.Describe(_parser.Fault, Current.Data.AsSpan(start + at, length - at))}";
    }
}
