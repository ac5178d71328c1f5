using System.Text;
using DataFlow.Formats;

namespace DataFlow.Conformance;

/// <summary>Drives a reader over a stream the way a source does, and keeps everything that can be seen from outside.</summary>
public sealed class ReaderRun
{
    private static readonly RecordIdentity Identity = new("test", "split");

    /// <summary>Each record as a line of text: its fields, line, position and id.</summary>
    public List<string> Records { get; } = [];

    /// <summary>Records and errors in one list, each with all that is known about it.</summary>
    public List<string> Everything { get; } = [];

    public List<RecordError> Errors { get; } = [];

    public SortedDictionary<string, int> Outcomes { get; } = new(StringComparer.Ordinal);

    public ReaderState State { get; private set; }

    /// <summary>States at restart points, with the bytes consumed and the records and errors so far.</summary>
    public List<(long Offset, ReaderState State, int Seen)> RestartPoints { get; } = [];

    public static ReaderRun Of(IRecordReader reader, string text, int chunk = 1 << 20, int maxRecords = 1000, bool frame = false) =>
        Of(reader, Encoding.UTF8.GetBytes(text), chunk, maxRecords, frame);

    public static ReaderRun Of(
        IRecordReader reader, ReadOnlySpan<byte> bytes, int chunk = 1 << 20, int maxRecords = 1000, bool frame = false, long offset = 0)
    {
        var run = new ReaderRun();
        var pool = new BatchPool();
        var size = chunk;
        var start = (int)offset;
        while (true)
        {
            var length = Math.Min(size, bytes.Length - start);
            var isFinal = start + length == bytes.Length;
            var batch = pool.Rent(Math.Max(length, 1));
            batch.Append(bytes.Slice(start, length));
            batch.Identity = Identity;
            batch.PositionBase = start;
            var consumed = frame ? reader.Frame(batch, isFinal, maxRecords) : -1;
            if (consumed < 0)
            {
                Assert.Equal(length, batch.Length);
                consumed = reader.Read(batch, isFinal, maxRecords);
            }

            Assert.Equal(consumed, batch.Length);
            batch.Resolve();
            Assert.True(batch.RowCount + batch.Errors.Count <= maxRecords);
            run.Take(batch);
            batch.Release();
            start += consumed;
            run.State = reader.State;
            if (reader.State.IsRestartPoint)
            {
                run.RestartPoints.Add((start, reader.State, run.Everything.Count));
            }

            size = consumed == 0 ? size * 2 : chunk;
            if (isFinal && start == bytes.Length)
            {
                Assert.Equal(0, pool.Lent);
                run.Everything.Sort(StringComparer.Ordinal);
                return run;
            }

            Assert.False(isFinal && consumed == 0, "The reader consumes nothing although no more bytes follow.");
        }
    }

    private void Take(RecordBatch batch)
    {
        for (var row = 0; row < batch.RowCount; row++)
        {
            var order = batch.RowOrderOf(row) ?? Enumerable.Range(0, batch.Schema.Count).ToArray();
            var fields = order
                .Where(column => batch.Field(row, column).Kind != FieldKind.Absent)
                .Select(column => $"{batch.Schema.Names[column]}={Show(batch, row, column)}");
            var record = string.Join("|", fields);
            Records.Add(record);
            Everything.Add(
                $"{batch.PositionOf(row):D9} line {batch.LineOf(row)} {record} raw={Encoding.Latin1.GetString(batch.RawRow(row))} "
                + $"rawAllowed={batch.RowsAreJsonObjects && batch.IsRowRaw(row)} id={batch.HasOwnId(row)} {batch.DeliveryIdOf(row)}");
        }

        foreach (var error in batch.Errors)
        {
            Errors.Add(error);
            Everything.Add($"{error.Offset:D9} {error with { Raw = [] }} {Encoding.Latin1.GetString(error.Raw)}");
        }

        foreach (var (outcome, times) in batch.Outcomes)
        {
            Outcomes[outcome] = Outcomes.GetValueOrDefault(outcome) + times;
        }
    }

    private static string Show(RecordBatch batch, int row, int column)
    {
        var field = batch.Field(row, column);
        var text = Encoding.UTF8.GetString(batch.Utf8(row, column));
        return field.Kind switch
        {
            FieldKind.Null => "<null>",
            FieldKind.JsonString or FieldKind.JsonStringEscaped => $"\"{text}\"",
            _ => text,
        };
    }
}
