using System.Buffers.Text;
using System.Text.Unicode;

namespace DataFlow.Formats;

/// <summary>Turns complete lines into rows. Keeps no state between calls, so that several batches can be parsed at once.</summary>
internal sealed class TextLines(FormatOptions options, LineSeparator separator)
{
    private const int MostDigits = 20;
    private const string TooLong = "line-too-long";

    private static readonly RecordSchema Schema = new([("line", FieldType.Text), ("line_number", FieldType.Int64)]);

    private readonly int _maxLineBytes = (int)options.MaxLineBytes.Bytes;

    /// <summary>True when a policy could end the run in the middle of these lines: they have to be read in sequence.</summary>
    public bool MayFail(ReadOnlySpan<byte> lines) =>
        (options.OnLongLine == LongLinePolicy.Fail && lines.Length > _maxLineBytes)
        || (options.OnInvalidBytes == InvalidBytesPolicy.Fail && !Utf8.IsValid(lines));

    /// <summary>Makes the rows of complete lines; the last one may lack its separator.</summary>
    /// <param name="batch">Has its FirstLine; has no rows.</param>
    /// <param name="start">Where the first line starts in the buffer.</param>
    /// <param name="end">Where the last one ends.</param>
    /// <param name="expected">Number of lines.</param>
    /// <param name="parsed">
    /// Lines that became rows or errors: fewer when a policy says fail for a later one, which is then the first of the next batch.
    /// </param>
    /// <returns>Where the parsed lines end.</returns>
    /// <exception cref="ConnectorException">A policy says fail for the first line.</exception>
    public int Parse(RecordBatch batch, int start, int end, int expected, out int parsed)
    {
        batch.Begin(Schema, expected);
        var valid = Utf8.IsValid(batch.Data.AsSpan(start, end - start));
        for (parsed = 0; start < end; parsed++)
        {
            var rest = batch.Data.AsSpan(start, end - start);
            var at = separator.IndexOf(rest);
            var length = at < 0 ? rest.Length : separator.ContentLength(rest[..at]);
            if (valid && length <= _maxLineBytes)
            {
                AddRow(batch, parsed, start, length, new FieldRef(start, length, FieldKind.Text));
            }
            else if (!AddWithCare(batch, parsed, start, length))
            {
                return start;
            }

            start = at < 0 ? end : start + at + separator.Length;
        }

        return end;
    }

    /// <summary>
    /// Adds a line that may be too long or hold invalid bytes. Of an overlong one only the start needs to be in the buffer.
    /// </summary>
    /// <returns>False when a policy says fail and there are records before it that come first.</returns>
    /// <exception cref="ConnectorException">A policy says fail and nothing comes first.</exception>
    public bool AddWithCare(RecordBatch batch, int line, int start, int length)
    {
        var number = batch.FirstLine + line;
        if (length > _maxLineBytes)
        {
            var message = $"Line {number} is longer than max-line-bytes allows ({options.MaxLineBytes}). "
                + "Raise max-line-bytes to keep such lines whole.";
            switch (options.OnLongLine)
            {
                case LongLinePolicy.DeadLetter:
                    BadRecord.Add(batch, start, length, number, TooLong, message);
                    return true;
                case LongLinePolicy.Fail:
                    return FailsLater(batch, message + " on-long-line can also be truncate or dead-letter.");
            }

            length = InvalidBytes.Cut(batch.Data.AsSpan(start, length), _maxLineBytes).Length;
            if (options.OnInvalidBytes == InvalidBytesPolicy.Replace || Utf8.IsValid(batch.Data.AsSpan(start, length)))
            {
                batch.CountOutcome("line-truncated");
            }
        }

        var bytes = batch.Data.AsSpan(start, length);
        var invalid = InvalidBytes.IndexOf(bytes);
        if (invalid < 0)
        {
            AddRow(batch, line, start, length, new FieldRef(start, length, FieldKind.Text));
            return true;
        }

        var found = $"Line {number} holds bytes that are invalid in {options.Encoding}, the first at byte {invalid + 1} of the line. "
            + "Set encoding to what the file is really written in.";
        switch (options.OnInvalidBytes)
        {
            case InvalidBytesPolicy.DeadLetter:
                BadRecord.Add(batch, start, length, number, InvalidBytes.Reason, found);
                return true;
            case InvalidBytesPolicy.Fail:
                return FailsLater(batch, found + " on-invalid-bytes can also be replace or dead-letter.");
        }

        AddRow(batch, line, start, length, InvalidBytes.ReplaceInOverlay(batch, bytes));
        batch.CountOutcome(InvalidBytes.Replaced);
        return true;
    }

    private static void AddRow(RecordBatch batch, int line, int start, int length, FieldRef text)
    {
        Utf8Formatter.TryFormat(batch.FirstLine + line, batch.ReserveOverlay(MostDigits), out var digits);
        var number = batch.CommitOverlay(digits);
        var row = batch.AddRow(start, length, line);
        row[0] = text;
        row[1] = number;
    }

    private static bool FailsLater(RecordBatch batch, string message) =>
        batch.RowCount + batch.Errors.Count > 0 ? false : throw ConnectorException.User(message);
}
