using System.Globalization;
using System.Runtime.CompilerServices;

namespace DataFlow.Connectors;

/// <summary>Generates records. Every record follows from the seed and its own number, so any restart goes on exactly.</summary>
/// <param name="options">What, how much of it, how fast: for all instances together.</param>
/// <param name="share">Every so many-th record is this instance's: of three instances the second has the records 2, 5, 8 and so on.</param>
internal sealed class TestSourceConnector(TestSourceOptions options, SourceShare share) : ISource
{
    /// <summary>The only split.</summary>
    public const string Split = "test";

    private const int MostCells = 262_144;

    private static readonly byte[] SourceName = [.. "test"u8];
    private static readonly byte[] FormatName = [.. "json"u8];

    private readonly TestRecordWriter _writer = new(options);

    // The last record that was written, and whether its copy is still to come.
    private long _sequence;
    private bool _copyIsDue;

    public async IAsyncEnumerable<RecordBatch> ReadAsync(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(context);
        _sequence = context.PositionOf(Split)?.Offset ?? 0;
        _copyIsDue = false;
        var pace = new OpenLoopPace(context.Time, options.RecordsPerSecond / share.Count, context.MaxLatency);
        while (!IsAtEnd)
        {
            var most = await pace.WaitAsync(Math.Min(MostRows(context), Remaining), stop).ConfigureAwait(false);
            if (stop.IsCancellationRequested)
            {
                yield break;
            }

            var batch = Generate(context, most);
            pace.Took(batch.RowCount + batch.Errors.Count);
            yield return batch;
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private bool IsAtEnd => Remaining == 0;

    private long Remaining => options.TotalRecords == 0
        ? long.MaxValue
        : (Next > options.TotalRecords ? 0 : ((options.TotalRecords - Next) / share.Count) + 1) + (_copyIsDue ? 1 : 0);

    /// <summary>The next record of this instance.</summary>
    private long Next => _sequence + 1 + ((share.Remainder - (_sequence % share.Count) + share.Count) % share.Count);

    private long MostRows(SourceContext context) => Math.Clamp(context.BatchSize, 1, Math.Max(1, MostCells / _writer.Schema.Count));

    private RecordBatch Generate(SourceContext context, long most)
    {
        var batch = context.Pool.Rent((int)Math.Min(most * _writer.MostBytes, Math.Max(_writer.MostBytes, context.BatchBytes)));
        _writer.Begin(batch, (int)most);
        batch.Metadata.Set("source", SourceName)
            .Set("source_id", context.SourceId)
            .Set("format", FormatName)
            .Set("timestamp", context.Time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        while (!IsAtEnd && batch.RowCount + batch.Errors.Count < most && TryAdd(batch, context.BatchBytes))
        {
        }

        batch.BytesRead = batch.Length + batch.Errors.Sum(error => (long)error.Raw.Length);

        // Between a record and its copy there is no place to restart: the record would come a third time.
        if (!_copyIsDue)
        {
            batch.AdvanceTo(Split, new TestPosition(_sequence));
        }

        return batch;
    }

    /// <summary>Adds the next record, unless it would make a batch that has some already too large.</summary>
    private bool TryAdd(RecordBatch batch, int mostBytes)
    {
        var (rows, length) = (batch.RowCount, batch.Length);
        var sequence = _copyIsDue ? _sequence : Next;
        _writer.Write(batch, sequence, _copyIsDue);
        if (batch.RowCount > rows && rows > 0 && batch.Length > mostBytes)
        {
            batch.RemoveLastRow();
            batch.Length = length;
            return false;
        }

        _copyIsDue = !_copyIsDue && _writer.IsDuplicated(sequence);
        _sequence = sequence;
        return true;
    }
}
