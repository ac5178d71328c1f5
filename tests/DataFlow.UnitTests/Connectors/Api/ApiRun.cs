using DataFlow.Engine.Configuration;

namespace DataFlow.UnitTests.Connectors;

/// <summary>One attempt of a REST source. What is read is committed at once unless told otherwise.</summary>
internal sealed class ApiRun : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly IAsyncEnumerator<RecordBatch> _batches;

    public ApiRun(FileSourceContext context, Uri address, params ReadOnlySpan<(string Key, string Value)> options)
    {
        Context = context;
        var config = new SourceConfig { SourceType = SourceType.Api, ConnectionString = address.OriginalString, Options = With(options) };
        var bound = SourceBinding.Bind("pipeline-1", config, BuiltInCatalogue.Instance);
        Source = bound.Definition.Create(bound.Settings);
        _batches = Source.ReadAsync(context, _stop.Token).GetAsyncEnumerator(CancellationToken.None);
    }

    public FileSourceContext Context { get; }

    public ISource Source { get; }

    public bool Commits { get; init; } = true;

    public List<DataRecord> Records { get; } = [];

    public List<string> Raw { get; } = [];

    public List<RecordError> Errors { get; } = [];

    public List<IReadOnlyList<Advance>> Advances { get; } = [];

    public int Deduplicated { get; private set; }

    public IEnumerable<string> Ids => Records.Select(record => record.Id);

    /// <summary>A context whose clock passes over every wait at once, but never over a time-out.</summary>
    public static FileSourceContext Impatient(Until until = Until.CaughtUp) =>
        new() { Clock = new SteppedClock { JumpsBelow = TimeSpan.FromHours(2) }, RunUntil = until };

    public static Task<ApiRun> ToEnd(Uri address, params (string Key, string Value)[] options) => ToEnd(Impatient(), address, options);

    public static async Task<ApiRun> ToEnd(FileSourceContext context, Uri address, params (string Key, string Value)[] options)
    {
        await using var run = new ApiRun(context, address, options);
        while (await run.Next())
        {
        }

        return run;
    }

    public static Task<ConnectorException> Failure(Uri address, params (string Key, string Value)[] options) => Failure(Impatient(), address, options);

    public static async Task<ConnectorException> Failure(FileSourceContext context, Uri address, params (string Key, string Value)[] options)
    {
        var failure = await Assert.ThrowsAsync<ConnectorException>(() => ToEnd(context, address, options));
        Assert.Equal(0, context.Pool.Lent);
        return failure;
    }

    /// <summary>Takes one batch. False at the end.</summary>
    public async Task<bool> Next()
    {
        if (!await _batches.MoveNextAsync())
        {
            return false;
        }

        var batch = _batches.Current;
        Deduplicated += batch.Deduplicated;
        Errors.AddRange(batch.Errors);
        for (var row = 0; row < batch.RowCount; row++)
        {
            Records.Add(DataRecord.From(batch, row));
            Raw.Add(System.Text.Encoding.UTF8.GetString(batch.RawRow(row)));
        }

        Advances.Add([.. batch.Advances]);
        if (Commits)
        {
            foreach (var advance in batch.Advances)
            {
                Context.Positions[advance.Split] = advance.Position.ToSplitPosition();
            }
        }

        batch.Release();
        return true;
    }

    public Task Stop() => _stop.CancelAsync();

    private static Dictionary<string, string> With(ReadOnlySpan<(string Key, string Value)> options)
    {
        // Time-outs are longer than any wait, so that an impatient clock doesn't set them off.
        var all = new Dictionary<string, string> { ["headers-timeout"] = "10h", ["body-timeout"] = "10h" };
        foreach (var (key, value) in options)
        {
            all[key] = value;
        }

        return all;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _batches.DisposeAsync();
        await Source.DisposeAsync();
        _stop.Dispose();
        Assert.Equal(0, Context.Pool.Lent);
    }
}
