using System.Text;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Json;

/// <summary>Feeds a reader the way a source does, and writes down all that comes out.</summary>
internal sealed class NdjsonStream(FormatOptions options)
{
    private static readonly RecordIdentity Identity = new("file:/data", "events.json");

    public int BufferSize { get; init; } = 1 << 20;

    public int MaxRecords { get; init; } = 1000;

    public bool Frames { get; init; }

    public bool Vectorised { get; init; } = true;

    /// <summary>A line per row and error, in the order of the stream.</summary>
    public List<string> Output { get; } = [];

    public List<DataRecord> Records { get; } = [];

    public List<RecordError> Errors { get; } = [];

    public SortedDictionary<string, int> Outcomes { get; } = [];

    public List<ReaderState> States { get; } = [];

    public List<int> RowCounts { get; } = [];

    public List<int> BufferSizes { get; } = [];

    /// <summary>What ended the run early; everything before it has been written down.</summary>
    public ConnectorException? Failure { get; private set; }

    public string OutcomeText => string.Join(", ", Outcomes.Select(outcome => $"{outcome.Key} {outcome.Value}"));

    public static NdjsonStream Read(string text, FormatOptions? options = null) => Read(Encoding.UTF8.GetBytes(text), options);

    public static NdjsonStream Read(byte[] bytes, FormatOptions? options = null)
    {
        var stream = new NdjsonStream(options ?? Json);
        stream.Run(bytes);
        return stream;
    }

    public static FormatOptions Json => new() { Format = RecordFormat.Json };

    public void Run(byte[] bytes)
    {
        var reader = new NdjsonRecordReader(options, Vectorised);
        var at = 0;
        var wanted = BufferSize;
        while (true)
        {
            var taken = Math.Min(wanted, bytes.Length - at);
            var isFinal = at + taken == bytes.Length;
            using var lent = new Lent(taken);
            var batch = lent.Batch;
            batch.Append(bytes.AsSpan(at, taken));
            batch.Identity = Identity;
            batch.PositionBase = at;
            BufferSizes.Add(taken);
            var consumed = Frames ? reader.Frame(batch, isFinal, MaxRecords) : -1;
            try
            {
                consumed = consumed < 0 ? reader.Read(batch, isFinal, MaxRecords) : consumed;
            }
            catch (ConnectorException failure)
            {
                Failure = failure;
                return;
            }

            batch.Resolve();
            Assert.Equal(consumed, batch.Length);
            Collect(batch);
            States.Add(reader.State);
            at += consumed;
            if (at == bytes.Length)
            {
                return;
            }

            wanted = consumed == 0 ? wanted * 2 : BufferSize;
            Assert.True(consumed > 0 || !isFinal, "The reader stands still.");
        }
    }

    private void Collect(RecordBatch batch)
    {
        var lines = new SortedDictionary<long, string>();
        for (var row = 0; row < batch.RowCount; row++)
        {
            lines.Add(batch.LineOf(row), Render(batch, row));
            Records.Add(DataRecord.From(batch, row));
        }

        foreach (var error in batch.Errors)
        {
            var raw = Convert.ToHexString(error.Raw);
            lines.Add(error.Offset, $"{error.DeliveryId} {error.Stage} {error.Reason} {error.Message} {raw} {error.Split}");
            Errors.Add(error);
        }

        Output.AddRange(lines.Select(line => $"{line.Key}: {line.Value}"));
        foreach (var (outcome, times) in batch.Outcomes)
        {
            Outcomes[outcome] = Outcomes.GetValueOrDefault(outcome) + times;
        }

        RowCounts.Add(batch.RowCount);
    }

    private static string Render(RecordBatch batch, int row)
    {
        var order = batch.RowOrderOf(row) ?? [.. Enumerable.Range(0, batch.Schema.Count)];
        var fields = order
            .Select(column => (Name: batch.Schema.Names[column], batch.Field(row, column).Kind, Text: batch.Utf8(row, column).ToArray()))
            .Where(field => field.Kind is not FieldKind.Absent)
            .Select(field => $"{field.Name}={field.Kind}:{Encoding.UTF8.GetString(field.Text)}");
        var raw = batch.IsRowRaw(row) ? Encoding.UTF8.GetString(batch.RawRow(row)) : "-";
        return $"{batch.DeliveryIdOf(row)} {string.Join(" ", fields)} raw {raw}";
    }

    private sealed class Lent(int capacity) : IDisposable
    {
        public RecordBatch Batch { get; } = BatchPool.Shared.Rent(capacity);

        public void Dispose() => Batch.Release();
    }
}
