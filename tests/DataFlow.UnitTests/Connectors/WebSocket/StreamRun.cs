using DataFlow.Conformance;
using DataFlow.Engine.Configuration;
using DataFlow.UnitTests.Fakes;

namespace DataFlow.UnitTests.Connectors;

/// <summary>One attempt of a WebSocket source, batch by batch: nothing is taken that a test does not ask for.</summary>
internal sealed class StreamRun : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ISource _source;
    private readonly IAsyncEnumerator<RecordBatch> _batches;
    private Task<bool>? _next;

    /// <param name="context">Its clock decides about every wait.</param>
    /// <param name="address">Of the server.</param>
    /// <param name="options">Besides those of <see cref="WebSocketRun.ConfigOf"/>.</param>
    public StreamRun(TestSourceContext context, string address, params (string Name, string Value)[] options)
    {
        Context = context;
        var bound = SourceBinding.Bind(
            "pipeline-1", WebSocketRun.ConfigOf("websocket", address, [("sequence-path", "n"), ("connect-timeout", "3600"), .. options]), BuiltInCatalogue.Instance);
        _source = bound.Definition.Create(bound.Settings);
        _batches = _source.ReadAsync(context, _stop.Token).GetAsyncEnumerator(CancellationToken.None);
    }

    public TestSourceContext Context { get; }

    /// <summary>The field n of the records so far.</summary>
    public List<int> Numbers { get; } = [];

    public int Deduplicated { get; private set; }

    /// <summary>Takes one batch, and commits it.</summary>
    /// <param name="acknowledges">What it takes the source to enter a gap as filled.</param>
    public async Task NextAsync(bool acknowledges = true)
    {
        Assert.True(await (_next ??= _batches.MoveNextAsync().AsTask()));
        _next = null;
        var batch = _batches.Current;
        batch.Resolve();
        for (var row = 0; row < batch.RowCount; row++)
        {
            Numbers.Add((int)DataRecord.From(batch, row).GetInt64("n"));
        }

        Deduplicated += batch.Deduplicated;
        Context.Commit(batch);
        Advance[] advances = [.. batch.Advances];
        batch.Release();
        if (acknowledges && _source is IAcknowledgedSource acknowledged)
        {
            await acknowledged.AcknowledgeAsync(advances, CancellationToken.None);
        }
    }

    /// <summary>Takes batches as they come, until something holds.</summary>
    /// <param name="condition">Looked at before each batch.</param>
    /// <param name="step">Moves the clock again and again by so much.</param>
    public async Task UntilAsync(Func<bool> condition, TimeSpan step = default)
    {
        while (!condition())
        {
            _next ??= _batches.MoveNextAsync().AsTask();
            await Eventually.Is(() =>
            {
                Context.Clock.Advance(step);
                return _next.IsCompleted || condition();
            });
            if (_next.IsCompleted)
            {
                await NextAsync();
            }
        }
    }

    public Task UntilNumbersAsync(int count) => UntilAsync(() => Numbers.Count >= count);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        while (_next is not null && await _next)
        {
            _batches.Current.Release();
            _next = _batches.MoveNextAsync().AsTask();
        }

        await _batches.DisposeAsync();
        await _source.DisposeAsync();
        _stop.Dispose();
        Assert.Equal(0, Context.Pool.Lent);
    }
}
