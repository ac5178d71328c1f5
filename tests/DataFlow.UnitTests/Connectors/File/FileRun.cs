using DataFlow.Connectors;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Connectors;

/// <summary>A row as tests compare it.</summary>
internal sealed record FileRow(string Text, long Line, Guid DeliveryId, string File);

/// <summary>One attempt of a file source. What is read is committed at once unless told otherwise.</summary>
internal sealed class FileRun : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly IAsyncEnumerator<RecordBatch> _batches;
    private Task<bool>? _pending;
    private Task? _waits;

    public FileRun(FileSourceContext context, string connection, FileSourceOptions options, SourceShare? share = null)
    {
        Context = context;
        Source = new FileSourceConnector(Settings(connection, options) with { Share = share ?? SourceShare.Whole }, RecordReaders.Create);
        _batches = Source.ReadAsync(context, _stop.Token).GetAsyncEnumerator(CancellationToken.None);
    }

    public FileSourceContext Context { get; }

    public FileSourceConnector Source { get; }

    public bool Commits { get; init; } = true;

    public List<FileRow> Rows { get; } = [];

    public List<DataRecord> Records { get; } = [];

    public List<RecordError> Errors { get; } = [];

    public long Bytes { get; private set; }

    public int Batches { get; private set; }

    public IEnumerable<string> Texts => Rows.Select(row => row.Text);

    public static SourceSettings Settings(string connection, FileSourceOptions options) => new()
    {
        PipelineId = "pipeline-1",
        Connection = connection,
        ConfiguredConnection = connection,
        Options = options,
        BaseDirectory = Path.GetDirectoryName(connection)!,
    };

    public static async Task<FileRun> ToEnd(FileSourceContext context, string connection, FileSourceOptions options, SourceShare? share = null)
    {
        await using var run = new FileRun(context, connection, options, share);
        while (await run.Next())
        {
        }

        return run;
    }

    /// <summary>Takes one batch. False at the end.</summary>
    public async Task<bool> Next()
    {
        var pending = _pending ?? _batches.MoveNextAsync().AsTask();
        _pending = null;
        var more = await pending;
        if (more)
        {
            await Take(_batches.Current);
        }

        return more;
    }

    /// <summary>Takes what is there, until the source waits for its clock or has ended.</summary>
    /// <returns>The texts that came.</returns>
    public async Task<List<string>> UntilIdle()
    {
        var before = Rows.Count;
        while (true)
        {
            _pending ??= _batches.MoveNextAsync().AsTask();
            if (!_pending.IsCompleted)
            {
                _waits ??= Context.Clock.SomebodyWaits();
                if (await Task.WhenAny(_pending, _waits) == _waits)
                {
                    _waits = null;
                }
            }

            if (!_pending.IsCompleted || !await Next())
            {
                return Rows.Skip(before).Select(row => row.Text).ToList();
            }
        }
    }

    /// <summary>Lets time pass and takes what is there then.</summary>
    public Task<List<string>> After(double seconds)
    {
        Context.Clock.Advance(TimeSpan.FromSeconds(seconds));
        return UntilIdle();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_pending is not null && await _pending)
        {
            _batches.Current.Release();
        }

        await _batches.DisposeAsync();
        await Source.DisposeAsync();
        _stop.Dispose();
        Assert.Equal(0, Context.Pool.Lent);
    }

    private async Task Take(RecordBatch batch)
    {
        batch.Resolve();
        Batches++;
        Bytes += batch.BytesRead;
        Errors.AddRange(batch.Errors);
        for (var row = 0; row < batch.RowCount; row++)
        {
            var record = DataRecord.From(batch, row);
            Records.Add(record);
            var text = System.Text.Encoding.UTF8.GetString(batch.RawRow(row));
            Rows.Add(new FileRow(text, batch.LineOf(row), record.DeliveryId, record.Metadata["file_path"]));
        }

        var advances = batch.Advances.ToList();
        batch.Release();
        if (Commits)
        {
            foreach (var advance in advances)
            {
                Context.Positions[advance.Split] = advance.Position.ToSplitPosition();
            }

            await Source.AcknowledgeAsync(advances, CancellationToken.None);
        }
    }
}
