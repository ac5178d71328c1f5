namespace DataFlow.IntegrationTests.Push;

/// <summary>A sink that takes nothing until its gate is open, and counts what it takes.</summary>
internal sealed class GatedSink(Task gate, Action<int> count) : ISink
{
    public static SinkDefinition Definition(Task gate, Action<int> count) => new()
    {
        Name = "gated",
        Summary = "Takes nothing until its gate is open.",
        ConnectionDescription = "Nothing.",
        ConnectionExample = "gate",
        OptionsType = typeof(Options),
        Capabilities = _ => new SinkCapabilities(SinkReplay.Repeated),
        Create = _ => new GatedSink(gate, count),
    };

    public ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct) => ValueTask.FromResult<Checkpoint?>(null);

    public async ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct)
    {
        await gate;
        count(batch.Count);
        return WriteResult.Written;
    }

    public ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct) => ValueTask.FromResult<string?>(null);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    internal sealed record Options;
}
