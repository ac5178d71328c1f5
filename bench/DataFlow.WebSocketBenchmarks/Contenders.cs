using System.Net.WebSockets;
using DataFlow.Engine;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace DataFlow.WebSocketBenchmarks;

/// <summary>What receives the messages.</summary>
internal static class Contenders
{
    /// <summary>Receives and looks at nothing.</summary>
    public static async Task BareAsync(string address, int messages)
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri(address), CancellationToken.None);
        var buffer = new byte[16 << 10];
        for (var received = 0; received < messages;)
        {
            var result = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            received += result.EndOfMessage ? 1 : 0;
        }

        socket.Abort();
    }

    /// <summary>A pipeline: receives, parses, commits.</summary>
    public static async Task PipelineAsync(string address, int messages, Action<RecordBatch>? see = null, TimeSpan? maxLatency = null, bool journal = false)
    {
        using var enough = new CancellationTokenSource();
        var options = new Dictionary<string, string> { ["journal"] = journal ? "true" : "false" };
        var source = SourceBinding.Bind(
            "bench", new SourceConfig { SourceType = "websocket", ConnectionString = address, Options = options }, BuiltInCatalogue.Instance);
        var spec = source.ToSpec("bench", () => source.Definition.Create(source.Settings), () => new CountingSink(messages, see, enough));
        var folder = journal ? Directory.CreateTempSubdirectory("dataflow-bench-").FullName : null;
        await using var store = new InMemoryStateStore(TimeProvider.System);
        var runner = new PipelineRunner(
            spec with { MaxLatency = maxLatency ?? spec.MaxLatency, StateFolder = folder }, store, TimeProvider.System, NullLogger.Instance);
        var outcome = await runner.RunAsync(enough.Token);
        if (folder is not null)
        {
            Directory.Delete(folder, recursive: true);
        }

        if (outcome.Error is not null || outcome.Run.Delivered < messages)
        {
            throw new InvalidOperationException($"{outcome.Run.Delivered} of {messages} messages were delivered. {outcome.Error}");
        }
    }

    /// <summary>Counts rows and ends the run when there are enough.</summary>
    private sealed class CountingSink(int messages, Action<RecordBatch>? see, CancellationTokenSource enough) : ISink
    {
        private int _rows;

        public ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct) => ValueTask.FromResult<Checkpoint?>(null);

        public ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct)
        {
            see?.Invoke(batch);
            _rows += batch.Count;
            if (_rows >= messages)
            {
                enough.Cancel();
            }

            return ValueTask.FromResult(WriteResult.Written);
        }

        public ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct) => ValueTask.FromResult<string?>(null);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
