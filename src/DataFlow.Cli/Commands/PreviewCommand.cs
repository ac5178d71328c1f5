using System.CommandLine;
using DataFlow.Cli.Output;
using DataFlow.Engine;
using DataFlow.Engine.State;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow preview</c>: shows what would flow, without touching state, source or sink.</summary>
internal static class PreviewCommand
{
    private static readonly Option<int> Count = new("-n", "--count") { Description = "Most records to show.", DefaultValueFactory = _ => 20 };

    public static Command Create(CliContext context)
    {
        var command = new Command("preview", "Show the first records as they would reach the sink. Reads from the start; changes nothing.")
        {
            PipelineArguments.File, Count,
        };
        command.SetAction(parsed => PreviewAsync(context, parsed));
        return command;
    }

    private static async Task<int> PreviewAsync(CliContext context, ParseResult parsed)
    {
        var definition = PipelineArguments.Load(parsed);
        var verbose = parsed.GetValue<bool>("--verbose");
        var most = parsed.GetValue(Count);
        if (most < 1)
        {
            throw new WrongInputException($"-n {most} shows nothing; give 1 or more.");
        }

        using var signals = new StopSignals(context);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(signals.Stop);
        using var log = new CliLogger(context.Error, verbose, requests: true);
        var sink = new PreviewSink(most, enough);
        var full = definition.ToSpec();
        var spec = full with
        {
            BatchSize = Math.Min(full.BatchSize, most),
            CreateSource = () => new UnacknowledgedSource(full.CreateSource()),
            CreateSink = () => sink,
            Until = Until.CaughtUp,
            MaxAttempts = 1,
            MaxDeadLetters = null,
        };
        await using var memory = new InMemoryStateStore(context.Time);
        var outcome = await new PipelineRunner(spec, memory, context.Time, log).RunAsync(enough.Token).ConfigureAwait(false);
        if (outcome.Error is { } failure)
        {
            return DataFlowCommand.Explain(failure, verbose, context.Error);
        }

        RecordTable.Write(context.Out, sink.Records, context.Width, context.HasColour);
        return ExitCode.Done;
    }

    /// <summary>Never tells the source that anything was delivered: no file is moved, no offset committed.</summary>
    private sealed class UnacknowledgedSource(ISource source) : ISource
    {
        public IAsyncEnumerable<RecordBatch> ReadAsync(SourceContext context, CancellationToken stop) => source.ReadAsync(context, stop);

        public ValueTask DisposeAsync() => source.DisposeAsync();
    }

    private sealed class PreviewSink(int most, CancellationTokenSource enough) : ISink
    {
        public List<DataRecord> Records { get; } = [];

        public ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct) => ValueTask.FromResult<Checkpoint?>(null);

        public ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct)
        {
            for (var index = 0; index < batch.Count && Records.Count < most; index++)
            {
                Records.Add(DataRecord.From(batch, batch.RowAt(index)));
            }

            if (Records.Count >= most)
            {
                enough.Cancel();
            }

            return ValueTask.FromResult(WriteResult.Written);
        }

        public ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct) => ValueTask.FromResult<string?>(null);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
